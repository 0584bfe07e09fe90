"""Shards read back as they were written; a missing file or a flipped bit is noticed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.records import write_index
from pipeline.dataset.shards import ROWS_PER_GROUP, Shard, ShardReader, write_shard
from pipeline.runtime.errors import MissingInput

FIX = "make the shards again: dvc repro --force --single-item augment"


def shard(start: int, num: int, shape=(2, 3, 3)) -> Shard:
    numbers = np.arange(start, start + num)
    size = int(np.prod(shape))
    images = (numbers[:, None] * 7 + np.arange(size)).astype(np.uint8).reshape(num, *shape)
    ids = [f"id-{number}" for number in numbers]
    return Shard(
        images, (numbers % 3).astype(np.int32), (1 / (1 + numbers)).astype(np.float32), ids
    )


def provenance(num: int) -> pa.Table:
    return pa.table({"source": ["pets"] * num, "license": ["MIT"] * num, "purposes": [None] * num})


def write(folder, *files: tuple[str, int, Shard], shape=(2, 3, 3)) -> ShardReader:
    """Write `(split, copy, rows)`, numbered as they come."""
    entries = []
    for number, (split, copy, rows) in enumerate(files):
        name = f"{split}-{number:05d}.parquet"
        digest = write_shard(folder / name, *rows, copy, provenance(len(rows.ids)))
        entry = {"name": name, "split": split, "copy": copy, "rows": len(rows.ids)}
        entries.append(entry | {"sha256": digest})
    write_index(folder, entries, shape=shape, classes=["a", "b", "c"], copies=2)
    return ShardReader(folder)


def as_lists(rows: Shard) -> list:
    return [rows.images.tolist(), rows.labels.tolist(), rows.weights.tolist(), rows.ids]


@pytest.fixture
def reader(tmp_path) -> ShardReader:
    return write(
        tmp_path,
        ("train", 0, shard(0, 4)),
        ("train", 1, shard(100, 4)),
        ("train", 0, shard(4, 3)),
        ("train", 1, shard(104, 3)),
        ("val", 0, shard(50, 2)),
    )


def test_shards_read_back_by_split_and_copy(reader):
    assert as_lists(reader.read("train", 0)) == as_lists(shard(0, 7))
    assert as_lists(reader.read("train", 1)) == as_lists(shard(100, 7))
    assert as_lists(reader.read("val", 0)) == as_lists(shard(50, 2))
    read = reader.read("train", 0)
    assert [read.images.dtype, read.labels.dtype, read.weights.dtype] == ["u1", "i4", "f4"]


def test_the_index_is_known(reader):
    assert (reader.shape, reader.classes, reader.copies) == ((2, 3, 3), ["a", "b", "c"], 2)
    assert [reader.num_examples(split) for split in ("train", "val", "test")] == [7, 2, 0]


def test_a_split_without_shards_is_empty(reader):
    empty = reader.read("test", 0)
    assert (empty.images.shape, empty.images.dtype) == ((0, 2, 3, 3), np.uint8)
    assert [len(empty.labels), len(empty.weights), empty.ids] == [0, 0, []]


def test_more_rows_than_one_group_holds(tmp_path):
    rows = shard(0, 2 * ROWS_PER_GROUP + 5, (1, 1, 1))
    reader = write(tmp_path, ("train", 0, rows), shape=(1, 1, 1))
    assert as_lists(reader.read("train", 0)) == as_lists(rows)


def test_the_columns_of_the_contract(reader):
    table = pq.read_table(reader.folder / "train-00003.parquet")
    assert [(field.name, str(field.type), field.nullable) for field in table.schema] == [
        ("x", "fixed_size_binary[18]", False),
        ("y", "int32", False),
        ("weight", "float", False),
        ("id", "string", False),
        ("copy", "int32", False),
        ("source", "string", True),
        ("license", "string", True),
        ("purposes", "string", True),
    ]
    assert table["x"][0].as_py() == shard(104, 1).images.tobytes()
    assert table["copy"].to_pylist() == [1, 1, 1]


def test_the_same_examples_are_the_same_bytes(tmp_path):
    rows = shard(0, 5)
    reversed_twice = rows._replace(images=np.asfortranarray(rows.images))
    whose = provenance(len(rows.ids))
    first = write_shard(tmp_path / "a", *rows, 0, whose)
    assert write_shard(tmp_path / "b", *reversed_twice, 0, whose) == first
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert write_shard(tmp_path / "c", *rows, 1, whose) != first


def test_whole_shards_are_verified(reader):
    reader.verify(["train", "val", "test"])


def refusal(reader: ShardReader, *splits: str) -> str:
    with pytest.raises(MissingInput) as caught:
        reader.verify(splits)
    return str(caught.value)


def test_verify_names_a_missing_file(reader):
    path = reader.folder / "train-00002.parquet"
    path.unlink()
    assert refusal(reader, "val", "train") == (
        f"ERROR shard {path} is damaged: it is missing | fix: {FIX}"
    )
    reader.verify(["val"])


def test_verify_names_a_file_with_any_flipped_bit(reader):
    path = reader.folder / "val-00004.parquet"
    whole = path.read_bytes()
    for position in range(0, len(whole), 11):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        assert refusal(reader, "val") == (
            f"ERROR shard {path} is damaged: its digest is not the one in index.json | fix: {FIX}"
        )
    reader.verify(["train"])


def test_reading_notices_a_flipped_bit_that_changes_anything(reader):
    path = reader.folder / "val-00004.parquet"
    whole, rows = path.read_bytes(), as_lists(shard(50, 2))
    refusals = []
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1
        path.write_bytes(flipped)
        try:
            found = as_lists(reader.read("val", 0))
        except MissingInput as error:
            refusals.append(str(error))
        else:
            assert found == rows, f"byte {position}"
    assert len(refusals) > len(whole) / 2
    assert all(refusal.startswith(f"ERROR shard {path} is damaged: ") for refusal in refusals)


def test_every_flipped_pixel_is_noticed_when_read(reader):
    path = reader.folder / "val-00004.parquet"
    whole, pixels = path.read_bytes(), shard(50, 2).images.tobytes()
    start = whole.index(pixels)
    for position in range(start, start + len(pixels)):
        flipped = bytearray(whole)
        flipped[position] ^= 0x80
        path.write_bytes(flipped)
        with pytest.raises(MissingInput, match="CRC checksum verification failed"):
            reader.read("val", 0)


def test_reading_a_missing_file(reader):
    path = reader.folder / "val-00004.parquet"
    path.unlink()
    with pytest.raises(MissingInput) as caught:
        reader.read("val", 0)
    assert str(caught.value).startswith(f"ERROR shard {path} is damaged: ")


def test_a_folder_that_is_not_whole_is_not_opened(tmp_path):
    with pytest.raises(MissingInput) as caught:
        ShardReader(tmp_path)
    assert str(caught.value) == (
        f"ERROR {tmp_path / 'index.json'} is missing or broken | fix: run dvc repro again"
    )


def test_other_images_than_the_index_says_are_not_read(reader):
    path = reader.folder / "val-00004.parquet"
    pq.write_table(pa.table({"x": [b"abc"]}), path)
    with pytest.raises(MissingInput) as caught:
        reader.read("val", 0)
    assert str(caught.value).startswith(f"ERROR shard {path} is damaged: ")
