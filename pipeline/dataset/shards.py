"""Shards: decoded images in Parquet, ready to train on.

One file holds one copy of a run of examples of one split, `<split>-NNNNN.parquet`. Pixels are
`fixed_size_binary`, uncompressed (FixedSizeList would be stored as 4 bytes a pixel). A row group
is about a megabyte, and each of its columns one page: pixels, labels and weights stand in the
file as they are in memory, so that any run of rows is read with one call, without parsing
(`ShardReader`). Other readers find plain Parquet with page checksums. index.json comes last.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.table import file_sha256

GROUP_BYTES = 1 << 20  # of pixels: the most that streaming reads at once
ONE_PAGE_BYTES = 1 << 30  # more than a column of a row group ever has
PROVENANCE = ["source", "license", "purposes"]  # of each row; training does not read them


class ShardRows(NamedTuple):
    """What training reads of N rows."""

    images: NDArray[np.uint8]
    """Shape `(N, H, W, C)`."""
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]


class Shard(NamedTuple):
    """Rows of one or several shards, and whose they are."""

    images: NDArray[np.uint8]
    """Shape `(N, H, W, C)`."""
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]
    ids: list[str]


def rows_per_group(shape: tuple[int, int, int]) -> int:
    """Rows of each row group of a shard, but for the last, which may have fewer."""
    return max(1, GROUP_BYTES // int(np.prod(shape)))


def shard_schema(num_bytes: int) -> pa.Schema:
    """Schema of a shard whose images have `num_bytes` bytes, H * W * C."""
    return pa.schema(
        [
            pa.field("x", pa.binary(num_bytes), nullable=False),
            pa.field("y", pa.int32(), nullable=False),
            pa.field("weight", pa.float32(), nullable=False),
            pa.field("id", pa.string(), nullable=False),
            pa.field("copy", pa.int32(), nullable=False),
            *(pa.field(name, pa.string()) for name in PROVENANCE),
        ]
    )


def write_shard(
    path: Path,
    images: NDArray[np.uint8],
    labels: NDArray[np.int32],
    weights: NDArray[np.float32],
    ids: list[str],
    copy: int,
    provenance: pa.Table,
) -> str:
    """Write images `(N, H, W, C)` and what they are; returns the file's sha256.

    `provenance` has the columns PROVENANCE.
    One call with every option fixed: the same examples, the same bytes.
    """
    num, *shape = images.shape
    size = int(np.prod(shape))
    pixels = pa.py_buffer(np.ascontiguousarray(images))
    table = pa.table(
        [
            pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), num, [None, pixels]),
            pa.array(labels, pa.int32()),
            pa.array(weights, pa.float32()),
            pa.array(ids, pa.string()),
            pa.array(np.full(num, copy), pa.int32()),
            *(provenance[name].cast(pa.string()) for name in PROVENANCE),
        ],
        schema=shard_schema(size),
    )
    pq.write_table(
        table,
        path,
        version="2.6",
        compression="none",
        use_dictionary=PROVENANCE,
        write_statistics=False,
        write_page_checksum=True,
        row_group_size=rows_per_group((shape[0], shape[1], shape[2])),
        data_page_size=ONE_PAGE_BYTES,
        max_rows_per_page=ONE_PAGE_BYTES,  # a row has a byte at least
    )
    return file_sha256(path)


def value_offsets(metadata: Any, value_bytes: Sequence[int]) -> NDArray[np.int64]:
    """Where in a shard the values of its first columns begin: `(row groups, columns)`.

    `value_bytes` are the bytes of a value of each of these columns. Values are the end of a
    column's only page: uncompressed, plain, never null, so without levels.
    """
    offsets = np.empty((metadata.num_row_groups, len(value_bytes)), np.int64)
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column, num_bytes in enumerate(value_bytes):
            chunk = group.column(column)
            end = chunk.data_page_offset + chunk.total_compressed_size
            offsets[number, column] = end - group.num_rows * num_bytes
    return offsets
