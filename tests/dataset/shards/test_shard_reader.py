"""Shards read back as they were written, and nothing that differs is ever read."""

import gc
import json
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.shards import files as shards
from pipeline.dataset.shards.column import ShardColumn
from pipeline.dataset.shards.files import Shard, write_shard
from pipeline.dataset.shards.reader import Block, ShardReader
from pipeline.dataset.table import file_sha256, write_index
from pipeline.runtime.errors import MissingInput
from tests.support.shards import (
    FIX,
    LABEL_COLUMNS,
    image_columns,
    provenance,
    shard,
    write_shard_index,
    write_shards,
)


def as_lists(rows: Shard) -> list:
    inputs = {name: values.tolist() for name, values in rows.inputs.items()}
    return [inputs, rows.y.tolist(), rows.weights.tolist(), rows.ids]


@pytest.fixture
def reader(tmp_path) -> ShardReader:
    return write_shards(
        tmp_path,
        ("train", 0, shard(0, 4)),
        ("train", 1, shard(100, 4)),
        ("train", 0, shard(4, 3)),
        ("train", 1, shard(104, 3)),
        ("val", 0, shard(50, 2)),
    )


# What is read


def test_shards_read_back_by_split_and_copy(reader):
    assert as_lists(reader.read("train", 0)) == as_lists(shard(0, 7))
    assert as_lists(reader.read("train", 1)) == as_lists(shard(100, 7))
    assert as_lists(reader.read("val", 0)) == as_lists(shard(50, 2))
    read = reader.read_rows("train", 0)
    assert [values.dtype for values in read.values] == ["u1", "i4", "f4"]
    assert read.inputs["x"].tolist() == shard(0, 7).inputs["x"].tolist()
    assert reader.read_first("train", 1).ids == shard(100, 4).ids


def test_the_index_is_known(reader):
    assert reader.columns == image_columns((2, 3, 3))
    assert reader.input_columns == reader.columns[:1]
    assert (reader.modality, reader.preparation["shape"]) == ("images", [2, 3, 3])
    assert (reader.target_kind, reader.target) == ("classes", {"classes": ["a", "b", "c"]})
    assert (reader.copies, reader.row_bytes) == (2, 18)
    assert [reader.num_examples(split) for split in ("train", "val", "test")] == [7, 2, 0]
    assert reader.num_bytes("train") == 7 * 18


def test_a_split_without_shards_is_empty(reader):
    empty = reader.read("test", 0)
    assert (empty.inputs["x"].shape, empty.inputs["x"].dtype) == ((0, 2, 3, 3), np.uint8)
    assert [len(empty.y), len(empty.weights), empty.ids] == [0, 0, []]


@pytest.mark.parametrize("group", [1, 2, 3, 4, 100])
def test_any_run_of_rows_of_a_row_group(tmp_path, monkeypatch, group):
    monkeypatch.setattr(shards, "GROUP_BYTES", group * 18)
    reader = write_shards(tmp_path, ("train", 0, shard(0, 7)), ("train", 0, shard(7, 5)))
    assert as_lists(reader.read("train", 0)) == as_lists(shard(0, 12))
    blocks = reader.blocks("train", 0)
    assert sum(block.rows for block in blocks) == 12
    start = 0
    for file, first, rows in blocks:
        for skipped in range(rows):
            for num in range(1, rows - skipped + 1):
                room = reader.empty_rows(num + 1)
                reader.read_block(Block(file, first + skipped, num), room, 1)
                expected = shard(start + skipped, num)
                assert room.inputs["x"][1:].tolist() == expected.inputs["x"].tolist()
                assert room.y[1:].tolist() == expected.y.tolist()
                assert room.weights[1:].tolist() == expected.weights.tolist()
        start += rows


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 2, 1), (7, 7, 1)])
def test_row_groups_of_many_tiny_images(tmp_path, shape):
    written = shard(0, 70_000, shape)
    read = write_shards(tmp_path, ("train", 0, written), shape=shape).read("train", 0)
    assert np.array_equal(read.inputs["x"], written.inputs["x"])
    assert np.array_equal(read.y, written.y)
    assert np.array_equal(read.weights, written.weights)
    assert read.ids == written.ids


SEVERAL = [
    ShardColumn("tokens", "int32", (3,)),
    ShardColumn("length", "int64"),
    ShardColumn("part", "uint8"),
]


def test_several_columns_and_an_array_of_y(tmp_path, monkeypatch):
    """Numbers of 4 and 8 bytes, a smaller one, arrays; in row groups of two rows."""
    monkeypatch.setattr(shards, "GROUP_BYTES", 2 * (12 + 8 + 1))
    random = np.random.default_rng(0)
    inputs = {
        column.name: random.integers(0, 200, (7, *column.shape)).astype(column.dtype)
        for column in SEVERAL
    }
    y, weights = random.normal(size=(7, 2)).astype(np.float32), np.ones(7, np.float32)
    path = tmp_path / "val-00000.parquet"
    digest = write_shard(path, inputs, y, weights, list("abcdefg"), 0, provenance(7))
    entry = {"name": path.name, "split": "val", "copy": 0, "rows": 7, "sha256": digest}
    columns = [*SEVERAL, ShardColumn("y", "float32", (2,)), LABEL_COLUMNS[1]]
    values = {"modality": "text", "preparation": {}, "target_kind": "numbers", "target": {}}
    described = [column._asdict() for column in columns]
    write_index(tmp_path, [entry], columns=described, copies=1, **values)
    reader = ShardReader(tmp_path)
    read = reader.read("val", 0)
    assert as_lists(read) == as_lists(Shard(inputs, y, weights, list("abcdefg")))
    assert [v.dtype for v in (*read.inputs.values(), read.y)] == ["i4", "i8", "u1", "f4"]
    assert reader.num_bytes("val") == 7 * 21
    offsets, content = reader.input_offsets(entry), path.read_bytes()
    for row in range(7):
        for begin, column in zip(offsets[row], SEVERAL, strict=True):
            value = inputs[column.name][row].tobytes()
            assert content[begin : begin + column.num_bytes] == value


# What is refused


def refusal(reader: ShardReader, *splits: str) -> str:
    with pytest.raises(MissingInput) as caught:
        reader.verify(splits)
    return str(caught.value)


def test_whole_shards_are_verified(reader):
    reader.verify(["train", "val", "test"])


def test_a_missing_file_is_named(reader):
    path = reader.folder / "train-00002.parquet"
    path.unlink()
    expected = f"ERROR shard {path} is damaged: it is missing | fix: {FIX}"
    assert refusal(reader, "val", "train") == expected
    with pytest.raises(MissingInput) as caught:
        reader.read("train", 0)
    assert str(caught.value) == expected
    reader.verify(["val"])


def test_a_file_that_is_in_no_index_is_named(reader):
    path = reader.folder / "train-00005.parquet"
    write_shard(path, *shard(0, 4), 0, provenance(4))
    assert refusal(reader, "val") == (
        f"ERROR {path} is not in {reader.folder / 'index.json'} | fix: rm {path}"
    )


def test_a_shard_of_another_dataset_is_named(reader):
    path = reader.folder / "train-00002.parquet"
    write_shard(path, *shard(9, 3), 0, provenance(3))
    assert refusal(reader, "train") == (
        f"ERROR shard {path} is damaged: its digest is not the one in index.json | fix: {FIX}"
    )


def test_footers_are_not_kept_once_they_are_read(reader):
    """Each has some 200 KB, and in a cycle would wait for a collection that seldom comes."""
    gc.collect()
    gc.disable()
    try:
        reader.verify(["train", "val"])
        assert pq.FileMetaData not in map(type, gc.get_objects())
    finally:
        gc.enable()


def test_the_first_of_several_is_named(reader):
    for number in (3, 1, 2):
        (reader.folder / f"train-0000{number}.parquet").write_bytes(b"")
    assert "train-00001.parquet is damaged" in refusal(reader, "train")


def test_a_shard_that_changes_after_it_was_verified(reader):
    reader.verify(["val"])
    path = reader.folder / "val-00004.parquet"
    content = path.read_bytes()
    path.write_bytes(content + b"more")
    with pytest.raises(MissingInput, match="digest is not the one"):
        reader.read("val", 0)
    path.write_bytes(content)
    assert as_lists(reader.read("val", 0)) == as_lists(shard(50, 2))


def indexed(folder, path, rows: int) -> ShardReader:
    entry = {"name": path.name, "split": "val", "copy": 0, "rows": rows}
    files = [entry | {"sha256": file_sha256(path)}]
    write_shard_index(folder, files, shape=(2, 3, 3), classes=["a"], copies=1)
    return ShardReader(folder)


def test_other_columns_than_those_of_a_shard(tmp_path):
    path = tmp_path / "val-00000.parquet"
    pq.write_table(pa.table({"x": [b"abc"]}), path)
    assert refusal(indexed(tmp_path, path, 1), "val") == (
        f"ERROR shard {path} is damaged: its columns are not those of a shard | fix: {FIX}"
    )


def test_other_rows_than_the_index_says(tmp_path):
    path = tmp_path / "val-00000.parquet"
    write_shard(path, *shard(0, 3), 0, provenance(3))
    assert refusal(indexed(tmp_path, path, 4), "val") == (
        f"ERROR shard {path} is damaged: 3 rows, expected 4 | fix: {FIX}"
    )


def test_a_folder_that_is_not_whole_is_not_opened(tmp_path):
    with pytest.raises(MissingInput) as caught:
        ShardReader(tmp_path)
    assert str(caught.value) == (
        f"ERROR {tmp_path / 'index.json'} is missing or broken | fix: run dvc repro again"
    )


def test_of_a_thousand_flips_and_truncations_none_goes_unnoticed(reader):
    """In shards and index.json, before anything is read, and each names its file."""
    random.seed(0)
    paths = sorted(reader.folder.iterdir())
    assert len(paths) == 6
    whole = {path: path.read_bytes() for path in paths}
    for number in range(1000):
        path = paths[number % 6]
        damaged = bytearray(whole[path])
        if number // 6 % 4:
            damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
        else:
            del damaged[random.randrange(len(damaged)) :]
        path.write_bytes(damaged)
        with pytest.raises(MissingInput, match=path.name):
            ShardReader(reader.folder).verify(["train", "val"])
        path.write_bytes(whole[path])
    ShardReader(reader.folder).verify(["train", "val"])


def test_an_index_edited_by_hand_is_refused(reader):
    path = reader.folder / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"copies": 1}, indent=2) + "\n")
    with pytest.raises(MissingInput, match=r"index\.json is missing or broken"):
        ShardReader(reader.folder)


def test_shards_of_an_older_version_are_refused(tmp_path):
    write_index(tmp_path, [], shape=[2, 3, 3], classes=["a"], copies=1)
    with pytest.raises(MissingInput) as caught:
        ShardReader(tmp_path)
    assert str(caught.value) == (
        f"ERROR {tmp_path / 'index.json'} names no columns: these shards are of an older version"
        " | fix: dvc repro augment"
    )
