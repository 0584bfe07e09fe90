"""Reuse of the last run's shards: whole files where nothing changed, single examples elsewhere.

DVC leaves the last shards in place while the next are made (`persist` in dvc.yaml). The cache has,
under the digest of their index, the content digest of each id and the key of each run of shards.
Only what both confirm is used, from files whose digest was compared, so the shards have the same
bytes as those of a run that makes everything.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.arrays import Rows
from pipeline.dataset.shards.column import ShardColumn
from pipeline.dataset.shards.reader import ShardReader
from pipeline.dataset.table import file_sha256
from pipeline.modalities.protocols.encode import Inputs
from pipeline.modalities.protocols.fit import Sums
from pipeline.runtime.cache import read_cache, write_cache
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import INDEX

NAME = "shards"  # of the cache
RUNS = b"runs"  # in the metadata of its table


class SameShards(NamedTuple):
    """Earlier shards made from the same run of examples."""

    folder: Path
    files: list[dict[str, Any]]
    """Their entries in the index, in the order in which they were made."""
    sums: Sums
    """Sums over the originals."""


class KnownRun(NamedTuple):
    """Rows of a new shard whose inputs are contiguous in an earlier one."""

    path: Path
    offsets: tuple[int, ...]
    """Offset in the file of the first row's inputs, by column, in bytes."""
    start: int
    stop: int


class _Copy(NamedTuple):
    """All rows of one copy, in the order of the shards, with the example of each."""

    file_of: Rows
    """Number of each row's file."""
    offsets: Rows
    """Offsets of a row's inputs in its file, `(rows, columns)`."""
    first_row: Rows
    """First row of each example; its repeats in a balanced copy follow."""
    times: Rows
    """Number of rows of each example."""


class EarlierShards:
    """Verified shards of an earlier run, and the content digest of each of their examples."""

    def __init__(
        self, reader: ShardReader, ids: pa.Array, digests: pa.Array, runs: dict[str, Any]
    ) -> None:
        """`ids` and `digests` of the content, row by row; `runs` as `keep_shards` stored them.

        Raises:
            MissingInput: a shard is missing or damaged.
        """
        reader.verify(["train", "val", "test"])
        self._reader, self._ids, self._runs = reader, ids, runs
        self._numbers = {id: number for number, id in enumerate(ids.to_pylist())}
        self._digests: list[str] = digests.to_pylist()
        self._paths = [reader.folder / file["name"] for file in reader.index["files"]]

    def same(self, key: str) -> SameShards | None:
        """The shards of a run of examples, by the key of the run."""
        if key not in self._runs:
            return None
        names, sums = self._runs[key]
        files = [self._files[name] for name in names]
        return SameShards(self._reader.folder, files, sums)

    def unchanged(self, ids: Sequence[str], digests: Sequence[str]) -> Rows:
        """Numbers of these examples in the earlier run; -1 for new ids and changed content."""
        numbers = [self._numbers.get(id, -1) for id in ids]
        pairs = zip(numbers, digests, strict=True)
        return np.array([n if n >= 0 and self._digests[n] == d else -1 for n, d in pairs], np.int64)

    def find(self, copy: int, numbers: Rows, repeats: Rows) -> list[KnownRun]:
        """Find the inputs of rows of a copy in the earlier shards.

        For each row, `numbers` is its example (see `unchanged`), `repeats` the number of earlier
        rows of that example in the copy.
        """
        if copy >= len(self._copies):
            return []
        there = self._copies[copy]
        rows = np.flatnonzero((numbers >= 0) & (repeats < there.times[numbers]))
        places = there.first_row[numbers[rows]] + repeats[rows]
        files, offsets = there.file_of[places], there.offsets[places]
        # Rows contiguous in one column are so in all: a row group has one page of each column.
        follows = np.diff(offsets[:, 0]) == self._reader.input_columns[0].num_bytes
        goes_on = (np.diff(rows) == 1) & (np.diff(files) == 0) & follows
        starts = np.flatnonzero(np.append(True, ~goes_on)[: len(rows)])
        stops = np.append(starts[1:], len(rows))[: len(starts)]
        return [
            KnownRun(
                self._paths[files[a]],
                tuple(offsets[a].tolist()),
                int(rows[a]),
                int(rows[b - 1]) + 1,
            )
            for a, b in zip(starts, stops, strict=True)
        ]

    @cached_property
    def _files(self) -> dict[str, dict[str, Any]]:
        return {file["name"]: file for file in self._reader.index["files"]}

    @cached_property
    def _copies(self) -> list[_Copy]:
        return [self._read(self._reader, self._ids, c) for c in range(self._reader.copies)]

    def _read(self, reader: ShardReader, ids: pa.Array, copy: int) -> _Copy:
        """Read the ids of all rows of a copy, of all splits, since an example may have moved."""
        none = np.empty(0, np.int64)
        file_of, numbers = [none], [none]
        offsets = [np.empty((0, len(reader.input_columns)), np.int64)]
        for number, file in enumerate(reader.index["files"]):
            if file["copy"] == copy:
                column = pq.read_table(self._paths[number], columns=["id"])["id"]
                numbers.append(pc.index_in(column, ids).to_numpy())
                file_of.append(np.full(file["rows"], number))
                offsets.append(reader.input_offsets(file))
        example = np.concatenate(numbers)  # the cache has every id of these shards
        first_row = np.zeros(len(ids), np.int64)
        first_row[example[::-1]] = np.arange(len(example))[
            ::-1
        ]  # the assignment of the first row is the last one made
        times = np.bincount(example, minlength=len(ids))
        return _Copy(np.concatenate(file_of), np.concatenate(offsets), first_row, times)


def read_earlier(folder: Path, key: str) -> EarlierShards | None:
    """Read the shards of `folder`, if they were made under this key.

    Raises:
        MissingInput: they were, but are damaged.
    """
    index = folder / INDEX
    kept = read_cache(NAME, _key_of(key, index)) if index.is_file() else None
    if kept is None:
        return None
    ids, digests = (kept[name].combine_chunks() for name in ("id", "sha256"))
    runs = json.loads((kept.schema.metadata or {})[RUNS])
    return EarlierShards(ShardReader(folder), ids, digests, runs)


def keep_shards(
    folder: Path,
    key: str,
    examples: pa.Table,
    runs: Mapping[str, tuple[Sequence[str], Sums]],
    current: Path,
) -> None:
    """Cache the key under which the shards of `folder` were made, and their examples and runs.

    Args:
        examples: columns id and sha256 of data/clean.
        runs: names of the shards of each run of examples, and sums over its originals, by the key
            of the run.
        current: the folder with the earlier shards, which stay if this run is killed before its own
            are published; their cached table stays too.

    Raises:
        OSError: it cannot be written.
    """
    described = {name: (list(files), sums) for name, (files, sums) in runs.items()}
    table = examples.select(["id", "sha256"])
    table = table.replace_schema_metadata({RUNS: json.dumps(described).encode()})
    indexes = [path / INDEX for path in (folder, current) if (path / INDEX).is_file()]
    keys = [_key_of(key, index) for index in indexes]
    write_cache(NAME, keys[0], table, keep=keys[1:])


def complete(
    runs: Iterable[KnownRun],
    columns: Sequence[ShardColumn],
    num: int,
    make: Callable[[Rows], Inputs],
) -> Inputs:
    """Inputs of `num` rows: those of `runs` are read, the others made by `make` from their numbers.

    `columns` are those of the inputs.

    Raises:
        MissingInput: an earlier shard became shorter meanwhile.
    """
    runs = list(runs)
    if not runs:
        return make(np.arange(num))
    inputs = {column.name: column.empty(num) for column in columns}
    missing = np.ones(num, bool)
    for path, offsets, start, stop in runs:
        with path.open("rb", buffering=0) as file:
            for values, offset in zip(inputs.values(), offsets, strict=True):
                target = values[start:stop]
                file.seek(offset)
                if file.readinto(target.data) != target.nbytes:
                    raise MissingInput(
                        f"{path} became shorter while it was read", fix="run it again"
                    )
        missing[start:stop] = False
    rows = np.flatnonzero(missing)
    made_inputs = make(rows)
    for name, values in inputs.items():
        values[rows] = made_inputs[name]
    return inputs


def _key_of(key: str, index: Path) -> str:
    """The cache key of the shards that an index describes, made under `key`."""
    return hashlib.sha256(f"{key} {file_sha256(index)}".encode()).hexdigest()
