"""The last run's shards, used again: whole, or their pixels, for what has not changed.

DVC leaves the last shards where they are while the next are made (`persist` in dvc.yaml). A note
in `.groundwork/augment`, under the digest of their index, says of which image each id was, by
which recipe its versions were made, and of what each run of shards. Only what both confirm is used
again, from files whose digest was compared, so the shards are to the byte those of a run that makes
everything. The note has no pixels; `pipeline.commands.forget` removes it, and replaces or removes
the shards.
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

from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.table import file_sha256, write_examples
from pipeline.modalities.images.prepare.measurements import ChannelSums
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import INDEX, WORK_DIR

NOTES = WORK_DIR / "augment"
RECIPE, RUNS, DIGEST = b"recipe", b"runs", b"sha256"  # in the metadata of a note
Images = NDArray[np.uint8]
Counts = NDArray[np.int64]


class Same(NamedTuple):
    """Shards that were made of a run of examples."""

    folder: Path
    files: list[dict[str, Any]]
    """What the index says of each, in the order in which they were made."""
    sums: ChannelSums
    """Of the originals."""


class Run(NamedTuple):
    """Rows of a new shard whose pixels stand one behind the other in an earlier one."""

    path: Path
    offset: int
    """Of the first pixel in the file, in bytes."""
    start: int
    stop: int


class _Copy(NamedTuple):
    """All rows of one copy, in the order of the shards, and which example each is."""

    file_of: Counts
    """Number of the file that a row is in."""
    offsets: Counts
    """Of a row's pixels in its file."""
    first_row: Counts
    """Of each example; what else it has in a balanced copy follows."""
    times: Counts
    """How many rows each example has."""


class Earlier:
    """Shards of an earlier run, verified, and the image that each of their examples had."""

    def __init__(
        self, reader: ShardReader, ids: pa.Array, images: pa.Array, runs: dict[str, Any]
    ) -> None:
        """`images` are digests, `ids` whose they are, `runs` as `note_recipe` has them.

        Raises:
            MissingInput: a shard is missing or damaged.
        """
        reader.verify(["train", "val", "test"])
        self._reader, self._ids, self._runs = reader, ids, runs
        self._numbers = {id: number for number, id in enumerate(ids.to_pylist())}
        self._images: list[str] = images.to_pylist()
        self._image_bytes = int(np.prod(reader.shape))
        self._paths = [reader.folder / file["name"] for file in reader.index["files"]]

    def same(self, key: str) -> Same | None:
        """The shards of a run of examples, by the key of what they were made of."""
        if key not in self._runs:
            return None
        names, (num_pixels, *sums) = self._runs[key]
        files = [self._files[name] for name in names]
        return Same(self._reader.folder, files, ChannelSums(num_pixels, *map(np.array, sums)))

    def unchanged(self, ids: Sequence[str], images: Sequence[str]) -> Counts:
        """Which examples these are, by a number of their own; -1 for new ids and other images."""
        numbers = [self._numbers.get(id, -1) for id in ids]
        pairs = zip(numbers, images, strict=True)
        return np.array([n if n >= 0 and self._images[n] == i else -1 for n, i in pairs], np.int64)

    def find(self, copy: int, numbers: Counts, repeats: Counts) -> list[Run]:
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
            Run(self._paths[files[a]], int(offsets[a]), int(rows[a]), int(rows[b - 1]) + 1)
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
        example = np.concatenate(numbers)  # the note on these shards has every id
        first_row = np.zeros(len(ids), np.int64)
        first_row[example[::-1]] = np.arange(len(example))[::-1]  # the last to be set is the first
        times = np.bincount(example, minlength=len(ids))
        return _Copy(np.concatenate(file_of), np.concatenate(offsets), first_row, times)


def find_earlier(folder: Path, recipe: str) -> Earlier | None:
    """The shards of `folder`, when a note says that they were made by `recipe`.

    Raises:
        MissingInput: they were, and are damaged.
    """
    try:
        note = pq.read_table(_note_of(folder), page_checksum_verification=True)
        ids, images = (note[name].combine_chunks() for name in ("id", "sha256"))
    except (OSError, KeyError, pa.ArrowException):
        return None
    about = note.schema.metadata or {}
    runs = about.get(RUNS, b"")
    if about != _about(recipe, runs, note.num_rows) or {ids.type, images.type} != {pa.string()}:
        return None
    return Earlier(ShardReader(folder), ids, images, json.loads(runs))


def note_recipe(
    folder: Path,
    recipe: str,
    images: pa.Table,
    runs: Mapping[str, tuple[Sequence[str], ChannelSums]],
    kept: Path,
) -> None:
    """Note how the shards of `folder` were made, of `images` with the columns id and sha256.

    `runs` are the names of the shards of each run of examples, and sums over its originals, by the
    key of what they were made of.

    Of the notes that there are, only that on the shards of `kept` stays: they are what is there
    when this run is killed before its own are.
    """
    NOTES.mkdir(parents=True, exist_ok=True)
    stays = {_note_of(f) for f in (folder, kept) if (f / INDEX).is_file()}
    for path in NOTES.iterdir():
        if path not in stays:
            path.unlink()
    partial = NOTES / "note.partial"
    note = images.select(["id", "sha256"])
    described = {
        key: (list(names), (sums.num_pixels, sums.total.tolist(), sums.squares.tolist()))
        for key, (names, sums) in runs.items()
    }
    about = _about(recipe, json.dumps(described).encode(), note.num_rows)
    write_examples(note.replace_schema_metadata(about), partial)
    partial.replace(_note_of(folder))


def complete(
    runs: Iterable[Run],
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


def _about(recipe: str, runs: bytes, num_rows: int) -> dict[bytes, bytes]:
    """Metadata of a note, with a digest of what page checksums leave out."""
    digest = hashlib.sha256(f"{num_rows}\n{recipe}\n".encode() + runs).hexdigest()
    return {RECIPE: recipe.encode(), RUNS: runs, DIGEST: digest.encode()}


def _note_of(folder: Path) -> Path:
    return NOTES / f"{file_sha256(folder / INDEX)}.parquet"
