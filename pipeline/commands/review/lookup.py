"""Reads single examples of data/raw: one row group, about a megabyte, for each.

No content is cached, so `forget` needs to handle only data/raw itself.
"""

import bisect
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dataset.table import file_sha256, read_index, read_tables
from pipeline.runtime.errors import MissingInput


@dataclass(frozen=True)
class Example:
    """An example without its content."""

    row: int
    """Its number in data/raw, which `content` takes."""
    label: Any
    about: dict[str, Any]
    """Small columns of data/raw, by their names."""


MOST_TRIES = 3
WAIT = "wait until ingest is done, or run it: dvc repro ingest"


class BeingMade(MissingInput):
    """data/raw is not whole now; a later request will succeed."""


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
        listed = read_index(folder)["files"]
        self._folder, self._label = folder, label
        self._files = [folder / file["name"] for file in listed]
        self._digests = [file["sha256"] for file in listed]
        self._lock = threading.Lock()
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

    def of_group(self, group: str, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Read those of `columns` that data/raw has, and `label`, of all examples of a group.

        Raises:
            MissingInput: data/raw is being made, or is damaged.
        """
        known = pq.read_schema(self._files[0]).names if self._files else []
        wanted = [name for name in columns if name in known]
        found = []
        for table in read_tables(self._folder, [self._label, "group", *wanted]):
            some = table.filter(pc.equal(table["group"], group)).select([self._label, *wanted])
            found += some.rename_columns(["label", *wanted]).to_pylist()
        return found

    def content(self, row: int, columns: Sequence[str]) -> dict[str, Any] | None:
        """Values of the content columns of a row of data/raw; None when there is no such row.

        May be called from several threads.

        Raises:
            BeingMade: ingest runs.
            MissingInput: data/raw has changed since, or is damaged.
        """
        number = bisect.bisect_right(self._starts, row) - 1
        if not 0 <= number < len(self._files):
            return None
        for _ in range(MOST_TRIES):
            self._make_sure(number)
            value, fault = self._read(number, row, columns)
            if _state(self._files[number]) == self._states[number]:
                if fault:
                    raise fault
                return value
            # The file was replaced: neither a content nor an error is valid.
        raise BeingMade(f"{self._files[number]} is being made", fix=WAIT)

    def _read(
        self, number: int, row: int, columns: Sequence[str]
    ) -> tuple[dict[str, Any] | None, MissingInput | None]:
        """Read a row of a file, or return its error."""
        path = self._files[number]
        try:
            return read_row(path, row - self._starts[number], columns), None
        except (OSError, ValueError, pa.ArrowException) as error:
            fix = "dvc repro --force ingest"
            return None, MissingInput(f"{path} is damaged: {error}", fix=fix)

    def _make_sure(self, number: int) -> None:
        """Check that a rewritten file has the same bytes.

        Raises:
            BeingMade: it is not there.
            MissingInput: it is another.
        """
        path = self._files[number]
        with self._lock:  # one thread checks for all that wait
            state = _state(path)
            if state == self._states[number]:
                return
            try:
                read_index(path.parent)  # the index is written last
                digest = file_sha256(path)
            except (OSError, MissingInput):
                raise BeingMade(f"{path.parent} is being made", fix=WAIT) from None
            if digest != self._digests[number]:
                raise MissingInput(
                    f"{path} has changed since the review began",
                    fix="end the review, run dvc repro, and start it again",
                )
            self._states[number] = state


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
    """A value that changes when a file is written or replaced; None if there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
