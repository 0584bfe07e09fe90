"""Reads ids, digests, text and compressed bytes of examples in Parquet files."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.commands.forget.contents.archives import NotOpened
from pipeline.sources.tables.parquet import OF_BYTES

PARQUET = b"PAR1"
ROWS_AT_ONCE = 256
KEYS = ("id", "sha256", "source_sha256")
OF_SOURCE = {"id", "known_at", "problem", "transient"}
"""Columns by which a table is known that has contents as a source gives them: data/collected."""


def read_keys(file: BinaryIO) -> pa.Table | None:
    """Read the columns KEYS of a table, null for missing ones; None if it is not our table.

    Contents that people collected have no digests beside them: they are made here.
    """
    file.seek(0)
    if file.read(len(PARQUET)) != PARQUET:
        return None
    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            there = [name for name in KEYS if name in schema.names]
            if "id" not in there:
                return None
            content = content_of(schema)
            table = parquet.read([*there, *([content] if content else [])])
            found = {name: pa.nulls(table.num_rows, pa.string()) for name in KEYS}
            found |= {name: table[name].cast(pa.string()) for name in there}
            if content:
                found["sha256"] = digests_of(table[content])
            return pa.table(found)
    except (pa.ArrowException, OSError):
        return None  # not whole, or something else


def content_of(schema: pa.Schema) -> str | None:
    """The column of contents in a table as a source gives it; None for other tables."""
    if not set(schema.names) >= OF_SOURCE:
        return None
    return next((field.name for field in schema if pa.types.is_binary(field.type)), None)


def digests_of(contents: pa.ChunkedArray) -> pa.Array:
    """SHA-256 of each content, null where there is none."""
    values = contents.to_pylist()
    digests = [None if v is None else hashlib.sha256(v).hexdigest() for v in values]
    return pa.array(digests, pa.string())


def packed_columns(file: BinaryIO, *, with_text: bool) -> Iterator[pa.Array]:
    """Read columns of compressed bytes of a Parquet file, and of text with `with_text`.

    Raises:
        NotOpened: the file is damaged.
    """
    file.seek(0)
    try:
        with pq.ParquetFile(file) as parquet:
            names = sorted(_packed(parquet, with_text=with_text))
            for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=names) if names else ():
                for leaf in (leaf for column in batch.columns for leaf in _leaves(column)):
                    if any(is_kind(leaf.type) for is_kind in OF_BYTES) or (
                        with_text and is_text(leaf)
                    ):
                        yield leaf
    except (pa.ArrowException, OSError) as error:
        raise NotOpened(f"a damaged Parquet file: {error}") from None


def _packed(parquet: pq.ParquetFile, *, with_text: bool) -> set[str]:
    """Names of the columns of compressed bytes, and of all text columns with `with_text`."""
    texts = {
        number
        for number, column in enumerate(map(parquet.schema.column, range(len(parquet.schema))))
        if column.logical_type.type == "STRING"
    }
    packed = set()
    for group in map(parquet.metadata.row_group, range(parquet.num_row_groups)):
        for number, column in enumerate(map(group.column, range(group.num_columns))):
            is_wanted = with_text if number in texts else column.compression != "UNCOMPRESSED"
            if is_wanted and "BYTE_ARRAY" in column.physical_type:
                packed.add(column.path_in_schema.split(".")[0])
    return packed & set(parquet.schema_arrow.names)


def _leaves(column: pa.Array) -> Iterator[pa.Array]:
    """The arrays of values within a nested array."""
    if pa.types.is_dictionary(column.type):
        yield column.dictionary
    elif pa.types.is_struct(column.type):
        for field in column.flatten():
            yield from _leaves(field)
    elif pa.types.is_nested(column.type):
        yield from _leaves(column.flatten())
    else:
        yield column


def keys(table: pa.Table, name: str) -> list[str | None]:
    values: list[str | None] = table[name].to_pylist()
    return values


def is_text(values: pa.Array) -> bool:
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))
