"""Single examples out of data/raw: one row group, about a megabyte, is read for each.

No content is kept, so nothing but data/raw itself is there to be forgotten.
"""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.table import read_index, read_tables
from pipeline.runtime.errors import MissingInput


@dataclass(frozen=True)
class Example:
    """An example without its content."""

    row: int
    """Its number in data/raw, which `content` takes."""
    label: Any
    about: dict[str, Any]
    """Small columns of data/raw, by their names."""


class RawExamples:
    """Some examples of data/raw, and the content of any."""

    def __init__(
        self,
        folder: Path,
        ids: Iterable[str],
        about: Sequence[str] = (),
        label: str = "label",
    ) -> None:
        """Find `ids` in the folder, and the columns `about` and `label` of each.

        Those that are not there are left out of `examples`.
        """
        wanted = pa.array(sorted(set(ids)), pa.string())
        self.examples: dict[str, Example] = {}
        self._files = [folder / file["name"] for file in read_index(folder)["files"]]
        self._states = [_state(path) for path in self._files]
        self._starts = [0]
        for table in read_tables(folder, ["id", label, *about]):
            start = self._starts[-1]
            rows = np.flatnonzero(pc.is_in(table["id"], wanted))
            values = (column.to_pylist() for column in table.take(rows).columns)
            for row, id, value, *known in zip(rows.tolist(), *values, strict=True):
                known_of = dict(zip(about, known, strict=True))
                self.examples[id] = Example(start + row, value, known_of)
            self._starts.append(start + table.num_rows)

    def content(self, row: int, columns: Sequence[str]) -> dict[str, Any] | None:
        """Values of the content columns of a row of data/raw; None when there is no such row.

        May be called from several threads.

        Raises:
            MissingInput: data/raw has changed since, or is damaged.
        """
        number = bisect.bisect_right(self._starts, row) - 1
        if not 0 <= number < len(self._files):
            return None
        path = self._files[number]
        try:
            return read_row(path, row - self._starts[number], columns)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise MissingInput(
                f"{path} is damaged: {error}", fix="dvc repro --force ingest"
            ) from None
        finally:  # of another file, neither a content nor an error says anything
            if _state(path) != self._states[number]:
                raise MissingInput(
                    f"{path} has changed since the review began",
                    fix="end the review and start it again",
                )


def read_row(path: Path, row: int, columns: Sequence[str]) -> dict[str, Any]:
    """Read some columns of a row of a Parquet file, of which one row group is read.

    Raises:
        OSError, pa.ArrowException: the file cannot be read, or is damaged.
        ValueError: it has fewer rows.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            num_rows = file.metadata.row_group(group).num_rows
            if row < num_rows:
                table = file.read_row_group(group, list(columns), use_threads=False)
                return {name: table[name][row].as_py() for name in columns}
            row -= num_rows
    raise ValueError("it has fewer rows than data/raw/index.json says")


def _state(path: Path) -> tuple[int, int, int] | None:
    """Changes when a file is written or replaced; None while there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
