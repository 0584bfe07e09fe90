"""Parquet files that would take all memory, or the stack, are refused before Arrow reads them."""

import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.tables import limits
from pipeline.sources.tables.parquet import ParquetTable


def write(path: Path, table: pa.Table, **options) -> ParquetTable:
    pq.write_table(table, path, **options)
    return ParquetTable(path, path.name)


def shared(value: bytes, rows: int) -> pa.Table:
    """A column of so many rows that share one value."""
    codes = pa.array(np.zeros(rows, np.int32))
    return pa.table({"a": pa.DictionaryArray.from_arrays(codes, pa.array([value]))})


SHARING = {"use_dictionary": ["a"], "store_schema": False, "dictionary_pagesize_limit": 1 << 30}


def refusal(table: ParquetTable, rows: int = 1536) -> str:
    with pytest.raises(SourceError) as caught:
        for _ in table.batches(["a"], rows):
            pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.parquet"


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "lz4", "none"])
def test_rows_that_share_a_value_come_in_batches_of_bounded_size(path, compression, monkeypatch):
    monkeypatch.setattr("pipeline.sources.tables.parquet.BATCH_BYTES", 1 << 20)
    table = write(path, shared(bytes(100_000), 50), compression=compression, **SHARING)
    assert max(batch.num_rows for batch in table.batches(["a"], 1536)) == 10


def test_rows_that_share_a_value_may_not_outgrow_the_file(path):
    table = write(path, shared(bytes(1 << 20), 100_000), compression="zstd", **SHARING)
    assert " bytes, and holds more than " in refusal(table)
    assert " in its first " in refusal(table)


def test_pages_may_not_outgrow_the_file(path):
    zeros = pa.table({"a": pa.array([bytes(60 << 20)] * 6)})
    table = write(path, zeros, compression="zstd", use_dictionary=False)
    assert refusal(table).endswith(
        " once decompressed | fix: if it is meant to, write it without compression and dictionary"
    )


def test_values_of_every_type_are_read_whatever_their_pages(path):
    table = pa.table(
        {
            "a": [f"text {n % 7}" for n in range(30_000)],
            "b": pa.array([{"bytes": b"x" * (n % 50), "path": str(n)} for n in range(30_000)]),
            "c": pa.array([bytes(16)] * 30_000, pa.binary(16)),
            "d": range(30_000),
        }
    )
    for options in ({}, {"data_page_size": 1000}, {"row_group_size": 999}, {"version": "1.0"}):
        read = write(path, table, data_page_version="2.0", **options).read(["a", "b", "c", "d"])
        assert read.to_pydict() == table.to_pydict()


def test_two_columns_of_one_name(path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    assert refusal(write(path, table)) == (
        "ERROR a.parquet has 2 columns called a "
        "| fix: rename them, so that each column has a name of its own"
    )


def test_text_that_is_none(path):
    offsets, data = pa.py_buffer(struct.pack("<2i", 0, 2)), pa.py_buffer(b"\xff\xfe")
    text = pa.Array.from_buffers(pa.string(), 1, [None, offsets, data])
    assert refusal(write(path, pa.table({"a": text}))) == (
        "ERROR a.parquet is damaged after row 0: column a has a text that is no UTF-8 "
        "| fix: fetch it again"
    )


def test_a_schema_that_is_too_wide(path, monkeypatch):
    monkeypatch.setattr("pipeline.sources.tables.parquet.MAX_COLUMNS", 20)
    table = write(path, pa.table({f"c{n}": [n] for n in range(30)}))
    assert "31 columns, more than 20" in refusal(table)


def test_types_that_are_nested_too_deep(path):
    """Written by hand: nobody's library writes it, and some overflow their stack on it."""
    depth = 200_000

    def element(name: bytes, children: int) -> bytes:
        kind = b"\x35\x00" if children else b"\x15\x02\x25\x00"  # repetition; INT32 first
        count = b"\x15" + bytes([children << 1]) if children else b""
        return kind + b"\x18" + bytes([len(name)]) + name + count + b"\x00"

    elements = [element(b"a", 1)] * depth + [element(b"a", 0)]
    size = len(elements)
    varint = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
    footer = b"\x15\x02\x19\xfc" + varint + b"".join(elements) + b"\x16\x00\x19\x0c\x00"
    path.write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")
    assert f"{size} columns, more than {limits.MAX_COLUMNS}" in refusal(ParquetTable(path, "a"))
    elements = elements[-200:]
    footer = b"\x15\x02\x19\xfc\xc8\x01" + b"".join(elements) + b"\x16\x00\x19\x0c\x00"
    path.write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")
    assert "types nested more than 64 deep" in refusal(ParquetTable(path, "a"))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"PAR1" * 20, bytes(5000)])
def test_what_is_no_parquet_file(path, content):
    path.write_bytes(content)
    assert refusal(ParquetTable(path, "a")).startswith("ERROR a is no readable Parquet file: ")


def test_an_encrypted_file_is_called_that(path):
    path.write_bytes(b"PARE" + bytes(50) + b"PARE")
    assert "encrypted, which is not supported" in refusal(ParquetTable(path, "a"))


@pytest.mark.parametrize("step", range(8))
def test_flipped_bytes_raise_nothing_else(path, step):
    table = pa.table({"a": [f"text {n % 9}" for n in range(2000)]})
    pq.write_table(table, path, compression="snappy")
    whole = path.read_bytes()
    for at in range(step, len(whole), 8):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << step]) + whole[at + 1 :])
        try:
            for _ in ParquetTable(path, "a").batches(["a"], 500):
                pass
        except SourceError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most flips do not raise


def test_metadata_of_any_shape(path, tmp_path):
    from tests.support.entries import Entry, open_source

    deep, info = "[" * 100_000, {"info": {"features": {"label": {"names": 5}}}}
    for text in ("{not json", "[1]", deep, json.dumps(info), '{"info": [1]}', '"a"', "5"):
        table = pa.table({"image": [b"1", b"2"], "label": [0, 1]})
        pq.write_table(table.replace_schema_metadata({"huggingface": text}), path)
        source = open_source(Entry(uri=str(tmp_path), license="x"))
        assert source.labels == {"0", "1"}
        assert "cannot be read" in source.notes[0] or text in ('"a"', "5", '{"info": [1]}')


@pytest.mark.parametrize("type", [pa.float16(), pa.float32(), pa.float64()])
@pytest.mark.parametrize("nullable", [True, False])
def test_nan_is_a_missing_value(path, type, nullable):
    values = pa.array([0.5, float("nan"), -1.0], type)
    table = pa.table([values], schema=pa.schema([pa.field("a", type, nullable=nullable)]))
    read = write(path, table).read(["a"])
    assert read["a"].to_pylist() == [0.5, None, -1.0]
    assert read.schema.field("a").type == type
