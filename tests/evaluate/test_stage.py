"""The test split as evaluate reads it: shards, measurements and the findings of clean."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset import tables
from pipeline.dataset.parts import write_tables
from pipeline.dataset.shards.files import Shard
from pipeline.dataset.table import words, write_index
from pipeline.evaluate.__main__ import (
    CLEAN,
    FINDINGS,
    SHARDS,
    parts_table,
    read_test,
    read_test_shard,
)
from pipeline.modalities.images.stress import interface as stress
from pipeline.runtime.errors import BrokenDataset, MissingInput
from tests.support.image_schema import CLEAN_SCHEMA
from tests.support.shards import shard, write_shards

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


def read_shard(ids: list[str]) -> Shard:
    """What the stage reads of shards with these test examples."""
    SHARDS.mkdir(parents=True)
    files = [("test", 0, shard(0, len(ids))._replace(ids=ids))] if ids else []
    return read_test_shard(write_shards(SHARDS, *files))


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    duplicates = [("train c", "train", "c", "test"), ("b", "test", "a", "test")]
    tables.write_tables(
        FINDINGS,
        {
            "duplicates": table_of(["id", "split", "of", "of_split"], duplicates),
        },
    )


def table_of(columns: list[str], rows: list[tuple[str, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])


def test_the_test_split_with_its_findings():
    write_clean(IDS)
    test = read_test(read_shard(IDS), stress)
    assert (test.ids, test.groups) == (IDS, [None, "of b", None])
    assert test.y.tolist() == [0, 1, 2]
    assert test.leaked.tolist() == [False, False, True]
    assert test.measurements["brightness"] == pytest.approx([0.1, 0.3, 0.5])
    assert test.measurements["pixels"].tolist() == [24, 24, 24]
    assert test.measurements["width to height"].tolist() == [1.5, 1.5, 1.5]


def test_by_what_each_example_is_sliced_is_kept():
    """So that `groundwork promote` can slice two runs in the same way."""
    write_clean(IDS)
    test = read_test(read_shard(IDS), stress)
    table = parts_table(replace(test, values={"site": ["north", None, "south"]}))
    assert table["id"].to_pylist() == IDS
    assert table["pixels"].to_pylist() == [24, 24, 24]
    assert table["slice_site"].to_pylist() == ["north", None, "south"]
    assert set(test.measurements) == set(table.column_names) - {"id", "slice_site"}


def test_shards_of_other_data_are_refused():
    write_clean(["a", "c", "b"])
    with pytest.raises(MissingInput) as caught:
        read_test(read_shard(IDS), stress)
    assert str(caught.value) == (
        "ERROR data/shards was not made from this data/clean | fix: dvc repro augment"
    )


def test_no_test_examples():
    with pytest.raises(BrokenDataset, match="data/shards has no test examples"):
        read_shard([])
