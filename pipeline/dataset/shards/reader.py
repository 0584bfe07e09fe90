"""Reads shards: a file that differs from its digest in index.json is never trained on.

A file is hashed once, as a whole: that covers its footer too, which page checksums do not, so
these are not checked here. Then any run of rows is read from its place in the file,
without parsing; a file whose size or time has changed meanwhile is hashed again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.shards.column import ShardColumn
from pipeline.dataset.shards.files import (
    Shard,
    ShardRows,
    input_bytes,
    inputs_of,
    rows_per_group,
    shard_schema,
    value_offsets,
)
from pipeline.dataset.table import MEND, file_sha256, read_index
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.process import available_cores
from pipeline.runtime.stage import INDEX

File = dict[str, Any]
"""The entry of a shard in index.json: name, split, copy, rows, sha256."""
Item = TypeVar("Item")


class Block(NamedTuple):
    """A run of rows of one row group of a shard."""

    file: File
    first: int
    """Its first row's number in the file."""
    rows: int


class ShardReader:
    """The shards of a folder, by split and copy. May be used by several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Read the index.

        Raises:
            MissingInput: the folder is not there, or not whole, or of an older version.
        """
        self.folder = folder
        self.index = read_index(folder)
        if "columns" not in self.index:
            raise MissingInput(
                f"{folder / INDEX} names no columns: these shards are of an older version",
                fix="dvc repro augment",
            )
        self.columns = [ShardColumn.read(column) for column in self.index["columns"]]
        """The columns of fixed size: inputs, y and weight."""
        self.modality: str = self.index["modality"]
        self.preparation: dict[str, Any] = self.index["preparation"]
        self.target_kind: str = self.index["target_kind"]
        self.target: dict[str, Any] = self.index["target"]
        self.copies: int = self.index["copies"]
        self._rows_per_group = rows_per_group(self.columns)
        self._verified: dict[str, tuple[int, int]] = {}
        self._offsets: dict[str, NDArray[np.int64]] = {}

    def files(self, split: str, copy: int) -> list[File]:
        """The shards of a split in one copy, in the order of data/clean."""
        files: list[File] = self.index["files"]
        return [file for file in files if file["split"] == split and file["copy"] == copy]

    def num_examples(self, split: str) -> int:
        return sum(int(file["rows"]) for file in self.files(split, 0))

    def fits(self, about: Mapping[str, Any]) -> bool:
        """Whether a model, described by its JSON, fits these examples and labels."""
        mine = (self.modality, self.target_kind, self.target)
        return mine == tuple(about[key] for key in ("modality", "target_kind", "target"))

    @property
    def input_columns(self) -> Sequence[ShardColumn]:
        return inputs_of(self.columns)

    @property
    def row_bytes(self) -> int:
        """Bytes of the inputs of one example."""
        return input_bytes(self.columns)

    def num_bytes(self, split: str) -> int:
        """Bytes of the inputs of a split, in one copy."""
        return self.num_examples(split) * self.row_bytes

    def verify(self, splits: Sequence[str]) -> None:
        """Compare every file of the splits with its digest in the index.

        Raises:
            MissingInput: naming the first file that is missing, differs, or is in no index.
        """
        names = {INDEX, *(file["name"] for file in self.index["files"])}
        for path in sorted(self.folder.iterdir()):
            if path.name not in names:
                fix = f"rm -r {path}" if path.is_dir() else f"rm {path}"
                raise MissingInput(f"{path} is not in {self.folder / INDEX}", fix=fix)
        _in_threads(self._verify, [f for f in self.index["files"] if f["split"] in splits])

    def read(self, split: str, copy: int) -> Shard:
        """All examples of a split in one copy, in the order of data/clean, verified.

        Raises:
            MissingInput: a file is missing or damaged.
        """
        return self._read_files(self.files(split, copy))

    def read_first(self, split: str, copy: int) -> Shard:
        """The first shard of a split in one copy; see `read`."""
        return self._read_files(self.files(split, copy)[:1])

    def read_file(self, file: File) -> ShardRows:
        """One shard without its ids; see `read`."""
        return self._read_rows([file])

    def read_rows(self, split: str, copy: int) -> ShardRows:
        """Like `read`, without the ids."""
        return self._read_rows(self.files(split, copy))

    def blocks(self, split: str, copy: int) -> list[Block]:
        """The blocks of a split in one copy, in order; no file is opened."""
        return [block for file in self.files(split, copy) for block in self._blocks_of(file)]

    def empty_rows(self, num: int) -> ShardRows:
        """Allocate `num` rows to read into."""
        *inputs, y, weights = (column.empty(num) for column in self.columns)
        names = [column.name for column in self.input_columns]
        return ShardRows(dict(zip(names, inputs, strict=True)), y, weights)

    def read_block(self, block: Block, into: ShardRows, at: int) -> None:
        """Read a block into the rows of `into` from number `at` on.

        Raises:
            MissingInput: the file is missing or damaged.
        """
        self._verify(block.file)
        path = self.folder / block.file["name"]
        group, row = divmod(block.first, self._rows_per_group)
        offsets = self._offsets[block.file["name"]][group]
        with path.open("rb", buffering=0) as file:
            for values, offset, column in zip(into.values, offsets, self.columns, strict=True):
                file.seek(int(offset) + row * column.num_bytes)
                wanted = values[at : at + block.rows]
                if file.readinto(wanted.data) != wanted.nbytes:
                    raise _damaged(path, "it became shorter while it was read")

    def input_offsets(self, file: File) -> NDArray[np.int64]:
        """Offsets in bytes of each row's inputs in a file: `(rows, input columns)`.

        Raises:
            MissingInput: the file is missing or damaged.
        """
        self._verify(file)
        group, row = np.divmod(np.arange(file["rows"]), self._rows_per_group)
        sizes = np.array([column.num_bytes for column in self.input_columns])
        begins = self._offsets[file["name"]][group, : len(sizes)]
        offsets: NDArray[np.int64] = begins + row[:, None] * sizes
        return offsets

    def _read_files(self, files: list[File]) -> Shard:
        rows = self._read_rows(files)
        paths = [self.folder / file["name"] for file in files]
        ids = [id for path in paths for id in pq.read_table(path, columns=["id"])["id"].to_pylist()]
        return Shard(*rows, ids)

    def _read_rows(self, files: list[File]) -> ShardRows:
        blocks = [block for file in files for block in self._blocks_of(file)]
        starts = [0, *accumulate(block.rows for block in blocks)]
        rows = self.empty_rows(starts[-1])
        _in_threads(self._verify, files)

        def read(task: tuple[Block, int]) -> None:
            self.read_block(task[0], rows, task[1])

        _in_threads(read, zip(blocks, starts, strict=False))
        return rows

    def _blocks_of(self, file: File) -> list[Block]:
        step = self._rows_per_group
        return [
            Block(file, first, min(step, file["rows"] - first))
            for first in range(0, file["rows"], step)
        ]

    def _verify(self, file: File) -> None:
        """Hash a file and locate its values, unless that is done and it has not changed since."""
        path = self.folder / file["name"]
        try:
            found = path.stat()
            stamp = (found.st_size, found.st_mtime_ns)
            if self._verified.get(file["name"]) == stamp:
                return
            if file_sha256(path) != file["sha256"]:
                raise _damaged(path, "its digest is not the one in index.json")
            # metadata.schema would make a reference cycle, 200 KB a file until gc runs.
            with path.open("rb") as opened, pq.ParquetFile(opened) as parquet:
                metadata, schema = parquet.metadata, parquet.schema_arrow
        except FileNotFoundError:
            raise _damaged(path, "it is missing") from None
        except (OSError, pa.ArrowException) as error:
            raise _damaged(path, str(error)) from None
        if schema != shard_schema(self.columns):
            raise _damaged(path, "its columns are not those of a shard")
        if metadata.num_rows != file["rows"]:
            raise _damaged(path, f"{metadata.num_rows} rows, expected {file['rows']}")
        self._offsets[file["name"]] = value_offsets(metadata, self.columns)
        self._verified[file["name"]] = stamp


def _in_threads(function: Callable[[Item], object], tasks: Iterable[Item]) -> None:
    """Call `function` for each task in threads; hashing and reading release the GIL.

    Raises the error of the first task that fails.
    """
    with ThreadPoolExecutor(available_cores()) as pool:
        for _ in pool.map(function, tasks):
            pass


def _damaged(path: Path, reason: str) -> MissingInput:
    return MissingInput(f"shard {path} is damaged: {reason}", fix=MEND)
