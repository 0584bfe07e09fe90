"""Shards: decoded images in Parquet, ready to train on.

One file holds one copy of a run of examples of one split, `<split>-NNNNN.parquet`. Pixels are
`fixed_size_binary`, uncompressed and with page checksums: read at memory speed, and a flipped
bit is noticed (FixedSizeList would be stored as 4 bytes a pixel). index.json comes last.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.records import file_sha256, read_index
from pipeline.runtime.errors import MissingInput

ROWS_PER_GROUP = 4096
PROVENANCE = ["source", "license", "purposes"]  # of each row; training does not read them


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
    num = len(images)
    size = int(np.prod(images.shape[1:]))
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
        row_group_size=ROWS_PER_GROUP,
    )
    return file_sha256(path)


class Shard(NamedTuple):
    """Rows of one or several shards."""

    images: NDArray[np.uint8]
    """Shape `(N, H, W, C)`."""
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]
    ids: list[str]


class ShardReader:
    """The shards of a folder, by split and copy."""

    def __init__(self, folder: Path) -> None:
        """Read the index.

        Raises:
            MissingInput: the folder is not there, or not whole.
        """
        self.folder = folder
        self.index = read_index(folder)
        height, width, channels = self.index["shape"]
        self.shape: tuple[int, int, int] = (height, width, channels)
        self.classes: list[str] = self.index["classes"]
        self.copies: int = self.index["copies"]

    def num_examples(self, split: str) -> int:
        return sum(f["rows"] for f in self.index["files"] if f["split"] == split and f["copy"] == 0)

    def verify(self, splits: Sequence[str]) -> None:
        """Compare every file of the splits with its digest in the index.

        Raises:
            MissingInput: naming the first file that is missing or differs.
        """
        for file in self.index["files"]:
            if file["split"] not in splits:
                continue
            path = self.folder / file["name"]
            if not path.is_file():
                raise _damaged(path, "it is missing")
            if file_sha256(path) != file["sha256"]:
                raise _damaged(path, "its digest is not the one in index.json")

    def read(self, split: str, copy: int) -> Shard:
        """All examples of a split in one copy, in the order of data/clean.

        Raises:
            MissingInput: a file is missing or damaged.
        """
        files = self._files(split, copy)
        num = sum(file["rows"] for file in files)
        images = np.empty((num, *self.shape), np.uint8)
        labels, weights = np.empty(num, np.int32), np.empty(num, np.float32)
        ids: list[str] = []
        for file in files:
            here = slice(len(ids), len(ids) + file["rows"])
            part = self._read_file(self.folder / file["name"], file["rows"])
            images[here], labels[here], weights[here] = part.images, part.labels, part.weights
            ids += part.ids
        return Shard(images, labels, weights, ids)

    def read_first(self, split: str, copy: int) -> Shard:
        """The first shard of a split in one copy; see `read`."""
        file = self._files(split, copy)[0]
        return self._read_file(self.folder / file["name"], file["rows"])

    def _files(self, split: str, copy: int) -> list[dict[str, Any]]:
        files = self.index["files"]
        return [file for file in files if file["split"] == split and file["copy"] == copy]

    def _read_file(self, path: Path, rows: int) -> Shard:
        size = int(np.prod(self.shape))
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as parquet:
                if parquet.schema_arrow != shard_schema(size):
                    raise _damaged(path, "its columns are not those of a shard")
                table = parquet.read(["x", "y", "weight", "id"])
        except (OSError, pa.ArrowException) as error:
            raise _damaged(path, str(error)) from None
        if table.num_rows != rows:
            raise _damaged(path, f"{table.num_rows} rows, expected {rows}")
        pixels = [
            np.frombuffer(chunk.buffers()[1], np.uint8)[
                chunk.offset * size : (chunk.offset + len(chunk)) * size
            ]
            for chunk in table["x"].chunks
        ]
        return Shard(
            images=np.concatenate(pixels).reshape(-1, *self.shape),
            labels=table["y"].to_numpy(),
            weights=table["weight"].to_numpy(),
            ids=table["id"].to_pylist(),
        )


def _damaged(path: Path, reason: str) -> MissingInput:
    return MissingInput(
        f"shard {path} is damaged: {reason}",
        fix="make the shards again: dvc repro --force --single-item augment",
    )
