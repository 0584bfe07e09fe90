"""Reuse of the last run's shards: whole files where nothing changed, single images elsewhere.

DVC leaves the last shards where they are while the next are made (`persist` in dvc.yaml). The cache
has, under the digest of their index, which image each id had and what each run of shards was made
of. Only what both confirm is used, from files whose digest was compared, so the shards are to the
byte those of a run that makes everything.
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
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.table import file_sha256
from pipeline.modalities.images.arrays import Images
from pipeline.modalities.images.prepare.measurements import ChannelSums
from pipeline.runtime.cache import read_cache, write_cache
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import INDEX

NAME = "shards"  # of the cache
RUNS = b"runs"  # in the metadata of its table


class SameShards(NamedTuple):
    """Shards that were made of a run of examples."""

    folder: Path
    files: list[dict[str, Any]]
    """What the index says of each, in the order in which they were made."""
    sums: ChannelSums
    """Of the originals."""


class PixelRun(NamedTuple):
    """Rows of a new shard whose pixels stand one behind the other in an earlier one."""

    path: Path
    offset: int
    """Of the first pixel in the file, in bytes."""
    start: int
    stop: int


class _Copy(NamedTuple):
    """All rows of one copy, in the order of the shards, and which example each is."""

    file_of: Rows
    """Number of the file that a row is in."""
    offsets: Rows
    """Of a row's pixels in its file."""
    first_row: Rows
    """Of each example; what else it has in a balanced copy follows."""
    times: Rows
    """How many rows each example has."""


class EarlierShards:
    """Shards of an earlier run, verified, and the image that each of their examples had."""

    def __init__(
        self, reader: ShardReader, ids: pa.Array, images: pa.Array, runs: dict[str, Any]
    ) -> None:
        """`ids` and the digests `images`, row by row; `runs` as `keep_shards` stored them.

        Raises:
            MissingInput: a shard is missing or damaged.
        """
        reader.verify(["train", "val", "test"])
        self._reader, self._ids, self._runs = reader, ids, runs
        self._numbers = {id: number for number, id in enumerate(ids.to_pylist())}
        self._images: list[str] = images.to_pylist()
        self._image_bytes = int(np.prod(reader.shape))
        self._paths = [reader.folder / file["name"] for file in reader.index["files"]]

    def same(self, key: str) -> SameShards | None:
        """The shards of a run of examples, by the key of what they were made of."""
        if key not in self._runs:
            return None
        names, (num_pixels, *sums) = self._runs[key]
        files = [self._files[name] for name in names]
        return SameShards(self._reader.folder, files, ChannelSums(num_pixels, *map(np.array, sums)))

    def unchanged(self, ids: Sequence[str], images: Sequence[str]) -> Rows:
        """Which examples these are, by a number of their own; -1 for new ids and other images."""
        numbers = [self._numbers.get(id, -1) for id in ids]
        pairs = zip(numbers, images, strict=True)
        return np.array([n if n >= 0 and self._images[n] == i else -1 for n, i in pairs], np.int64)

    def find(self, copy: int, numbers: Rows, repeats: Rows) -> list[PixelRun]:
        """Where the pixels of rows of a copy stand, of those that were made before.

        For each row, `numbers` say which example it is (see `unchanged`), `repeats` how many rows
        of the copy it had before.
        """
        if copy >= len(self._copies):
            return []
        there = self._copies[copy]
        rows = np.flatnonzero((numbers >= 0) & (repeats < there.times[numbers]))
        places = there.first_row[numbers[rows]] + repeats[rows]
        files, offsets = there.file_of[places], there.offsets[places]
        goes_on = (
            (np.diff(rows) == 1) & (np.diff(files) == 0) & (np.diff(offsets) == self._image_bytes)
        )
        starts = np.flatnonzero(np.append(True, ~goes_on)[: len(rows)])
        stops = np.append(starts[1:], len(rows))[: len(starts)]
        return [
            PixelRun(self._paths[files[a]], int(offsets[a]), int(rows[a]), int(rows[b - 1]) + 1)
            for a, b in zip(starts, stops, strict=True)
        ]

    @cached_property
    def _files(self) -> dict[str, dict[str, Any]]:
        return {file["name"]: file for file in self._reader.index["files"]}

    @cached_property
    def _copies(self) -> list[_Copy]:
        return [self._read(self._reader, self._ids, c) for c in range(self._reader.copies)]

    def _read(self, reader: ShardReader, ids: pa.Array, copy: int) -> _Copy:
        """Ids of all rows of a copy, whatever the split: that of an example may change."""
        none = np.empty(0, np.int64)
        file_of, offsets, numbers = [none], [none], [none]
        for number, file in enumerate(reader.index["files"]):
            if file["copy"] == copy:
                column = pq.read_table(self._paths[number], columns=["id"])["id"]
                numbers.append(pc.index_in(column, ids).to_numpy())
                file_of.append(np.full(file["rows"], number))
                offsets.append(reader.pixel_offsets(file))
        example = np.concatenate(numbers)  # the cache has every id of these shards
        first_row = np.zeros(len(ids), np.int64)
        first_row[example[::-1]] = np.arange(len(example))[::-1]  # the last to be set is the first
        times = np.bincount(example, minlength=len(ids))
        return _Copy(np.concatenate(file_of), np.concatenate(offsets), first_row, times)


def read_earlier(folder: Path, key: str) -> EarlierShards | None:
    """The shards of `folder`, where they are known to have been made under this key.

    Raises:
        MissingInput: they were, and are damaged.
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
    runs: Mapping[str, tuple[Sequence[str], ChannelSums]],
    current: Path,
) -> None:
    """Keep under which key the shards of `folder` were made, and of what.

    Args:
        examples: columns id and sha256 of data/clean.
        runs: names of the shards of each run of examples, and sums over its originals, by the key
            of the run.
        current: the folder with the shards that are there if this run is killed before its own
            are; what is kept of those stays.

    Raises:
        OSError: it cannot be written.
    """
    described = {
        name: (list(files), (sums.num_pixels, sums.total.tolist(), sums.squares.tolist()))
        for name, (files, sums) in runs.items()
    }
    table = examples.select(["id", "sha256"])
    table = table.replace_schema_metadata({RUNS: json.dumps(described).encode()})
    indexes = [path / INDEX for path in (folder, current) if (path / INDEX).is_file()]
    keys = [_key_of(key, index) for index in indexes]
    write_cache(NAME, keys[0], table, keep=keys[1:])


def complete(
    runs: Iterable[PixelRun],
    shape: tuple[int, ...],
    make: Callable[[NDArray[np.int64]], Images],
) -> Images:
    """Images of `shape`, `(N, H, W, C)`: those of `runs` read, the others by `make` of their rows.

    Raises:
        MissingInput: an earlier shard became shorter meanwhile.
    """
    runs = list(runs)
    if not runs:
        return make(np.arange(shape[0]))
    images = np.empty(shape, np.uint8)
    missing = np.ones(len(images), bool)
    for path, offset, start, stop in runs:
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            if file.readinto(images[start:stop].data) != images[start:stop].nbytes:
                raise MissingInput(f"{path} became shorter while it was read", fix="run it again")
        missing[start:stop] = False
    rows = np.flatnonzero(missing)
    images[rows] = make(rows)
    return images


def _key_of(key: str, index: Path) -> str:
    """Of the shards that an index describes, made under `key`."""
    return hashlib.sha256(f"{key} {file_sha256(index)}".encode()).hexdigest()
