"""Single images out of data/raw, read from where they stand in its Parquet files.

A file has one row group, so that Arrow must read all images of a file to give one. But
records.py stores them neither compressed nor as a dictionary: each stands in the file as it is,
behind its length. Where, is learnt the first time that a file is asked for an image (CIFAR-10:
LOG.md), by comparing the bytes; after that an image is one read, and no copy is kept.
"""

import bisect
import mmap
import os
import struct
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.table import read_index, read_tables
from pipeline.runtime.errors import MissingInput

ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Example:
    """What is known of an example beside its image."""

    row: int
    """Its number in data/raw, which `image` takes."""
    label: str | None
    width: int | None
    """Pixels."""
    height: int | None


class RawImages:
    """The images of some examples of data/raw."""

    def __init__(self, folder: Path, ids: Iterable[str]) -> None:
        """Find `ids` in the folder; those that are not there are left out of `examples`."""
        wanted = pa.array(sorted(set(ids)), pa.string())
        self.examples: dict[str, Example] = {}
        self._files = [folder / file["name"] for file in read_index(folder)["files"]]
        self._states = [_state(path.stat()) for path in self._files]
        self._starts = [0]
        for table in read_tables(folder, ["id", "label", "width", "height"]):
            start = self._starts[-1]
            rows = np.flatnonzero(pc.is_in(table["id"], wanted))
            values = (column.to_pylist() for column in table.take(rows).columns)
            for row, id, *known in zip(rows.tolist(), *values, strict=True):
                self.examples[id] = Example(start + row, *known)
            self._starts.append(start + table.num_rows)
        self._places: dict[int, NDArray[np.int64]] = {}
        self._lock = threading.Lock()

    def image(self, row: int) -> bytes | None:
        """The encoded image of a row of data/raw; None when it has none.

        Raises:
            MissingInput: data/raw has changed since, or is damaged.
        """
        number = bisect.bisect_right(self._starts, row) - 1
        if not 0 <= number < len(self._files):
            return None
        with self._lock:  # one file at a time is read whole
            if number not in self._places:
                self._places[number] = locate_images(self._files[number])
        offset, length = self._places[number][row - self._starts[number]].tolist()
        if length < 0:
            return None
        with self._files[number].open("rb") as file:
            if _state(os.fstat(file.fileno())) != self._states[number]:
                raise MissingInput(
                    f"{self._files[number]} has changed since the review began",
                    fix="end the review and start it again",
                )
            return os.pread(file.fileno(), length, offset)


def locate_images(path: Path) -> NDArray[np.int64]:
    """Where the images of a file stand: offset and length in bytes by row, `(N, 2)`.

    A row without an image has the length -1.

    Raises:
        MissingInput: the file is damaged, or does not have the images as they are.
    """
    places: list[tuple[int, int]] = []
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as data:
            position = 4  # behind the magic number
            for image in _images(path):
                if image is None:
                    places.append((0, -1))
                    continue
                stored = struct.pack("<I", len(image)) + image
                if data[position : position + len(stored)] != stored:  # a page begins
                    position = data.find(stored, position)
                    if position < 0:
                        raise ValueError("its images are not stored as they are")
                places.append((position + 4, len(image)))
                position += len(stored)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise MissingInput(f"{path} is damaged: {error}", fix="dvc repro --force ingest") from None
    return np.array(places, np.int64).reshape(-1, 2)


def _images(path: Path) -> Iterator[bytes | None]:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for batch in file.iter_batches(ROWS_AT_ONCE, columns=["image"]):
            yield from batch["image"].to_pylist()


def _state(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
