"""The test split as evaluate reads it: shards, measurements and the findings of clean."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset import tables
from pipeline.dataset.parts import write_tables
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.shards import PROVENANCE, write_shard
from pipeline.dataset.table import words, write_index
from pipeline.evaluate.__main__ import CLEAN, FINDINGS, SHARDS, read_test
from pipeline.modalities.images.prepare.schema import CLEAN_SCHEMA
from pipeline.runtime.errors import BrokenDataset, MissingInput

IDS = ["a", "b", "c"]
COLUMNS = ["id", "split", "group", "brightness", "contrast", "sharpness", "width", "height"]


def write_clean(ids: list[str]) -> None:
    """Three test examples, and one of train before each."""
    rows = [id for test in ids for id in (f"train {test}", test)]
    levels = pa.array(np.arange(len(rows)) / 10, pa.float32())
    columns = {
        "id": pa.array(rows),
        "split": words(["train", "test"] * len(ids)),
        "group": pa.array([f"of {id}" if id == "b" else None for id in rows], pa.string()),
        "brightness": levels,
        "contrast": levels,
        "sharpness": levels,
        "width": pa.array([8, 6] * len(ids), pa.int32()),
        "height": pa.array([8, 4] * len(ids), pa.int32()),
    }
    schema = pa.schema([CLEAN_SCHEMA.field(name) for name in COLUMNS])
    files = write_tables(CLEAN, [pa.table(columns, schema=schema)], schema)
    write_index(CLEAN, files)


def write_shards(ids: list[str]) -> None:
    SHARDS.mkdir(parents=True)
    num = len(ids)
    provenance = pa.table({name: pa.array(["x"] * num) for name in PROVENANCE})
    digest = write_shard(
        SHARDS / "test-00000.parquet",
        np.zeros((num, 2, 2, 1), np.uint8),
        np.arange(num, dtype=np.int32),
        np.ones(num, np.float32),
        ids,
        0,
        provenance,
    )
    file = {"name": "test-00000.parquet", "split": "test", "copy": 0, "rows": num}
    files = [file | {"sha256": digest}] if num else []
    write_index(SHARDS, files, shape=[2, 2, 1], classes=["x", "y", "z"], copies=1)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    suspected = [("b", "test"), ("a", "train")]
    duplicates = [("train c", "train", "c", "test"), ("b", "test", "a", "test")]
    tables.write_tables(
        FINDINGS,
        {
            "suspected": table_of(["id", "split"], suspected),
            "duplicates": table_of(["id", "split", "of", "of_split"], duplicates),
        },
    )


def table_of(columns: list[str], rows: list[tuple[str, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])


def test_the_test_split_with_its_findings():
    write_clean(IDS)
    write_shards(IDS)
    test = read_test(ShardReader(SHARDS))
    assert (test.ids, test.groups) == (IDS, [None, "of b", None])
    assert test.labels.tolist() == [0, 1, 2]
    assert test.suspected.tolist() == [False, True, False]
    assert test.leaked.tolist() == [False, False, True]
    assert test.measurements["brightness"] == pytest.approx([0.1, 0.3, 0.5])
    assert test.measurements["pixels"].tolist() == [24, 24, 24]
    assert test.measurements["width to height"].tolist() == [1.5, 1.5, 1.5]


def test_shards_of_other_data_are_refused():
    write_clean(["a", "c", "b"])
    write_shards(IDS)
    with pytest.raises(MissingInput) as caught:
        read_test(ShardReader(SHARDS))
    assert str(caught.value) == (
        "ERROR data/shards was not made from this data/clean | fix: dvc repro augment"
    )


def test_no_test_examples():
    write_clean([])
    write_shards([])
    with pytest.raises(BrokenDataset, match="data/shards has no test examples"):
        read_test(ShardReader(SHARDS))
