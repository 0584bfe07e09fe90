"""What evaluate knows of the test split: shards, measurements and the reports of clean agree."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset.parts import write_tables
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.shards import PROVENANCE, write_shard
from pipeline.dataset.table import FIELDS, words, write_index
from pipeline.evaluate.__main__ import CLEAN, DUPLICATES, LABEL_ISSUES, SHARDS, read_test
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
    schema = pa.schema([FIELDS[name] for name in COLUMNS])
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
    LABEL_ISSUES.parent.mkdir()
    LABEL_ISSUES.write_text("id,split,given\nb,test,x\na,train,x\n")
    DUPLICATES.write_text(
        "id,split,kind,of,of_split,similarity,removed\n"
        "train c,train,near,c,test,0.9,yes\n"
        "b,test,near,a,test,0.9,no\n"
    )


def test_what_is_known_of_the_test_split():
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
