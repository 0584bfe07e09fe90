"""The format of shards: plain Parquet of fixed bytes, in which values stand as in memory."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.shards import files as shards
from pipeline.dataset.shards.files import rows_per_group, value_offsets, write_shard
from tests.support.shards import image_columns, provenance, shard


def write(path, rows) -> str:
    return write_shard(path, *rows, 1, provenance(len(rows.ids)))


def test_the_columns_of_the_contract(tmp_path):
    write(tmp_path / "a", shard(104, 3))
    table = pq.read_table(tmp_path / "a", page_checksum_verification=True)
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
    assert table["x"][0].as_py() == shard(104, 1).inputs["x"].tobytes()
    assert table["copy"].to_pylist() == [1, 1, 1]


def test_the_same_examples_are_the_same_bytes(tmp_path):
    rows = shard(0, 5)
    first = write(tmp_path / "a", rows)
    assert (
        write(tmp_path / "b", rows._replace(inputs={"x": np.asfortranarray(rows.inputs["x"])}))
        == first
    )
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert write_shard(tmp_path / "c", *rows, 0, provenance(5)) != first


def test_page_checksums_are_there_for_other_readers(tmp_path):
    write(tmp_path / "a", shard(50, 2))
    content = bytearray((tmp_path / "a").read_bytes())
    content[content.index(shard(50, 2).inputs["x"].tobytes())] ^= 0x80
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(OSError, match="CRC checksum verification failed"):
        pq.read_table(tmp_path / "a", page_checksum_verification=True)


@pytest.mark.parametrize(
    ("shape", "rows"), [((32, 32, 3), 341), ((8, 8, 1), 16384), ((1000, 1000, 3), 1)]
)
def test_a_row_group_is_about_a_megabyte(shape, rows):
    assert rows_per_group(image_columns(shape)) == rows


@pytest.mark.parametrize("num", [1, 7, 8, 9, 20])
def test_values_stand_in_the_file_as_in_memory(tmp_path, monkeypatch, num):
    monkeypatch.setattr(shards, "GROUP_BYTES", 8 * 18)
    rows = shard(0, num)
    write(tmp_path / "a", rows)
    content, metadata = (tmp_path / "a").read_bytes(), pq.read_metadata(tmp_path / "a")
    offsets = value_offsets(metadata, image_columns((2, 3, 3)))
    assert offsets.shape == (-(-num // 8), 3)
    for group, first in enumerate(range(0, num, 8)):
        for column, values in enumerate([rows.inputs["x"], rows.y, rows.weights]):
            expected = values[first : first + 8].tobytes()
            begin = offsets[group, column]
            assert content[begin : begin + len(expected)] == expected
    read_back = pq.read_table(tmp_path / "a")
    assert b"".join(read_back["x"].to_pylist()) == rows.inputs["x"].tobytes()


def test_a_large_row_group_is_still_one_page(tmp_path):
    rows = shard(0, 3000, (30, 30, 1))  # 2.7 MB, more than Arrow's usual page
    write(tmp_path / "a", rows)
    offsets = value_offsets(pq.read_metadata(tmp_path / "a"), image_columns((30, 30, 1)))
    content, step = (tmp_path / "a").read_bytes(), rows_per_group(image_columns((30, 30, 1)))
    for group, begin in enumerate(offsets[:, 0]):
        expected = rows.inputs["x"][group * step : (group + 1) * step].tobytes()
        assert content[begin : begin + len(expected)] == expected
