"""Single images out of data/raw: one row group, about a megabyte, is read for each.

No image is kept, so nothing but data/raw itself is there to be forgotten.
"""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.table import read_index, read_tables
from pipeline.runtime.errors import MissingInput


@dataclass(frozen=True)
class Example:
    """An example without its image."""

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
        self._states = [_state(path) for path in self._files]
        self._starts = [0]
        for table in read_tables(folder, ["id", "label", "width", "height"]):
            start = self._starts[-1]
            rows = np.flatnonzero(pc.is_in(table["id"], wanted))
            values = (column.to_pylist() for column in table.take(rows).columns)
            for row, id, *known in zip(rows.tolist(), *values, strict=True):
                self.examples[id] = Example(start + row, *known)
            self._starts.append(start + table.num_rows)

    def image(self, row: int) -> bytes | None:
        """The encoded image of a row of data/raw; None when it has none.

        May be called from several threads.

        Raises:
            MissingInput: data/raw has changed since, or is damaged.
        """
        number = bisect.bisect_right(self._starts, row) - 1
        if not 0 <= number < len(self._files):
            return None
        path = self._files[number]
        try:
            return read_image(path, row - self._starts[number])
        except (OSError, ValueError, pa.ArrowException) as error:
            raise MissingInput(
                f"{path} is damaged: {error}", fix="dvc repro --force ingest"
            ) from None
        finally:  # of another file, neither an image nor an error says anything
            if _state(path) != self._states[number]:
                raise MissingInput(
                    f"{path} has changed since the review began",
                    fix="end the review and start it again",
                )


def read_image(path: Path, row: int) -> bytes | None:
    """Read the encoded image of a row of a Parquet file, of which one row group is read.

    Raises:
        OSError, pa.ArrowException: the file cannot be read, or is damaged.
        ValueError: it has fewer rows.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            num_rows = file.metadata.row_group(group).num_rows
            if row < num_rows:
                images = file.read_row_group(group, ["image"], use_threads=False)["image"]
                image: bytes | None = images[row].as_py()
                return image
            row -= num_rows
    raise ValueError("it has fewer rows than data/raw/index.json says")


def _state(path: Path) -> tuple[int, int, int] | None:
    """Changes when a file is written or replaced; None while there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
