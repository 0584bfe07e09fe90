"""Shards: encoded examples in Parquet, ready to train on.

One file holds one copy of a run of examples of one split, `<split>-NNNNN.parquet`: the columns of
the inputs, `y` and `weight`, whose values have a fixed size each, then columns that training does
not read. Arrays are `fixed_size_binary`, uncompressed (FixedSizeList would be stored as 4 bytes a
byte). A row group has about a megabyte of inputs, and each of its columns is one page: values stand
in the file as they are in memory, so that any run of rows is read with one call a column, without
parsing (`ShardReader`). Other readers find plain Parquet with page checksums. index.json comes
last, and has the columns of fixed size: name, dtype and shape.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.shards.column import ShardColumn
from pipeline.dataset.table import file_sha256

Y, WEIGHT = "y", "weight"
GROUP_BYTES = 1 << 20  # of inputs: the most that streaming reads at once
ONE_PAGE_BYTES = 1 << 30  # more than a column of a row group ever has
PROVENANCE = ["source", "license", "purposes"]  # of each row; training does not read them


class ShardRows(NamedTuple):
    """The part of N rows that training reads."""

    inputs: dict[str, NDArray]
    """Columns by their names, `(N, ...)` each."""
    y: NDArray
    """The target of each example, `(N,)` or `(N, ...)`."""
    weights: NDArray[np.float32]

    @property
    def values(self) -> list[NDArray]:
        """The values of each column of `columns_of`."""
        return [*self.inputs.values(), self.y, self.weights]


class Shard(NamedTuple):
    """Rows of one or several shards, and the ids of their examples."""

    inputs: dict[str, NDArray]
    y: NDArray
    weights: NDArray[np.float32]
    ids: list[str]


def columns_of(rows: ShardRows) -> list[ShardColumn]:
    """The columns of fixed size: inputs, y and weight, in the order of the file."""
    names = [*rows.inputs, Y, WEIGHT]
    return [ShardColumn.of(name, v) for name, v in zip(names, rows.values, strict=True)]


def inputs_of(columns: Sequence[ShardColumn]) -> Sequence[ShardColumn]:
    """The input columns among `columns_of`."""
    return columns[:-2]


def input_bytes(columns: Sequence[ShardColumn]) -> int:
    """Bytes of the inputs of one row."""
    return sum(column.num_bytes for column in inputs_of(columns))


def rows_per_group(columns: Sequence[ShardColumn]) -> int:
    """Rows of each row group of a shard; the last may have fewer."""
    return max(1, GROUP_BYTES // input_bytes(columns))


def shard_schema(columns: Sequence[ShardColumn]) -> pa.Schema:
    """Schema of a shard with these columns of fixed size."""
    return pa.schema(
        [
            *(pa.field(column.name, _arrow_type(column), nullable=False) for column in columns),
            pa.field("id", pa.string(), nullable=False),
            pa.field("copy", pa.int32(), nullable=False),
            *(pa.field(name, pa.string()) for name in PROVENANCE),
        ]
    )


def _arrow_type(column: ShardColumn) -> pa.DataType:
    """The Arrow type: a number if it has 4 or 8 bytes, which Parquet knows; bytes otherwise."""
    if column.shape == () and np.dtype(column.dtype).itemsize in (4, 8):
        return pa.from_numpy_dtype(column.dtype)
    return pa.binary(column.num_bytes)


def _arrow_array(values: NDArray, column: ShardColumn) -> pa.Array:
    kind = _arrow_type(column)
    if not pa.types.is_fixed_size_binary(kind):
        return pa.array(values, kind)
    buffer = pa.py_buffer(np.ascontiguousarray(values))
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(values), [None, buffer])


def write_shard(
    path: Path,
    inputs: Mapping[str, NDArray],
    y: NDArray,
    weights: NDArray[np.float32],
    ids: list[str],
    copy: int,
    provenance: pa.Table,
) -> str:
    """Write N encoded examples and their targets; returns the file's sha256.

    `provenance` has the columns PROVENANCE.
    One call with every option fixed: the same examples, the same bytes.
    """
    rows = ShardRows(dict(inputs), y, weights)
    columns = columns_of(rows)
    table = pa.table(
        [
            *map(_arrow_array, rows.values, columns),
            pa.array(ids, pa.string()),
            pa.array(np.full(len(ids), copy), pa.int32()),
            *(provenance[name].cast(pa.string()) for name in PROVENANCE),
        ],
        schema=shard_schema(columns),
    )
    pq.write_table(
        table,
        path,
        version="2.6",
        compression="none",
        use_dictionary=PROVENANCE,
        write_statistics=False,
        write_page_checksum=True,
        row_group_size=rows_per_group(columns),
        data_page_size=ONE_PAGE_BYTES,
        max_rows_per_page=ONE_PAGE_BYTES,  # a row has a byte at least
    )
    return file_sha256(path)


def value_offsets(metadata: Any, columns: Sequence[ShardColumn]) -> NDArray[np.int64]:
    """Offsets in a shard of the values of each column of fixed size, `(row groups, columns)`.

    Values are the end of a column's only page: uncompressed, plain, never null, so without levels.
    """
    offsets = np.empty((metadata.num_row_groups, len(columns)), np.int64)
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place, column in enumerate(columns):
            chunk = group.column(place)
            end = chunk.data_page_offset + chunk.total_compressed_size
            offsets[number, place] = end - group.num_rows * column.num_bytes
    return offsets
