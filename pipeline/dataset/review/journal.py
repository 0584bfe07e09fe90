"""The journal of decisions on the review page: .groundwork/reviews-<dataset>.journal.

data/reviews/<dataset>.csv is in git, so `dvc exp run`, `git stash` and `git checkout` can take
lines out of it before they are committed. The journal is not in git: each decision is on the disk
here before the page reports it as saved. store.py brings the two together.

A line is a checksum and a record in JSON: a decision, an undo, or the mark that all before it have
been in the CSV file. A line that was cut by a kill, or damaged, is skipped and counted.
"""

import csv
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.dataset.review.decisions import Decision, as_line, bare
from pipeline.runtime.stage import WORK_DIR

JOURNALS = "reviews-*.journal"  # in WORK_DIR


def journal_path(dataset: str) -> Path:
    return WORK_DIR / f"reviews-{dataset}.journal"


def dataset_of(path: Path) -> str:
    """The dataset of a journal."""
    return path.name.removeprefix("reviews-").removesuffix(".journal")


@dataclass
class Entry:
    """A decision that was not taken back."""

    key: str
    """Its key from the page: sent twice, it is one decision."""
    line: str
    """Its line of the CSV file, without the line end."""
    nth: int
    """Its number among equal lines of the file, from 1."""
    before: str
    """The line that counted for the example before it; empty when none did."""
    was_in_file: bool = False

    @property
    def decision(self) -> Decision:
        return Decision(*next(csv.reader([self.line], strict=True)))


@dataclass
class Undone:
    """A decision that was taken back."""

    line: str
    nth: int
    was_in_file: bool = False
    """Whether the file has been without it since."""


class Journal:
    """The content of a journal."""

    def __init__(self) -> None:
        self.standing: dict[str, Entry] = {}
        """Decisions that were not taken back, by key, in their order."""
        self.undone: dict[tuple[str, int], Undone] = {}
        """Decisions that were taken back, by line and number."""
        self.damaged = 0
        """Number of lines that cannot be read."""
        self._of_line: dict[str, list[Entry]] = {}
        self._fresh: list[Entry | Undone] = []  # since the last mark

    @property
    def num_fresh(self) -> int:
        """Number of decisions and undos that have not been in the file."""
        return len(self._fresh)

    @property
    def is_in_file(self) -> bool:
        """Whether the file has been up to date with the journal."""
        return not self._fresh

    def has_line(self, line: str) -> bool:
        return bool(self._of_line.get(line))

    def read(self, content: bytes) -> None:
        """Apply the next lines."""
        for record in read_records(content):
            if record is None:
                self.damaged += 1
            else:
                self.apply(record)

    def apply(self, record: dict[str, Any]) -> None:
        """Apply the next record."""
        if record.get("in_file"):
            for item in self._fresh:
                item.was_in_file = True
            self._fresh = []
        elif "undo" in record:
            line, nth = record["undo"], record["nth"]
            if self.has_line(line):  # equal lines are interchangeable: the last goes
                entry = self._of_line[line].pop()
                nth = entry.nth
                del self.standing[entry.key]
            self.undone[line, nth] = Undone(line, nth)
            self._fresh.append(self.undone[line, nth])
        else:
            entry = Entry(record["key"], record["line"], record["nth"], record["before"])
            self.standing[entry.key] = entry
            self._of_line.setdefault(entry.line, []).append(entry)
            self.undone.pop((entry.line, entry.nth), None)
            self._fresh.append(entry)


def decided(key: str, decision: Decision, nth: int, before: str) -> dict[str, Any]:
    """The record of a decision."""
    return {"key": key, "line": bare(as_line(decision)), "nth": nth, "before": before}


def undo(line: str, nth: int) -> dict[str, Any]:
    """The record that the `nth` of equal lines is taken back."""
    return {"undo": line, "nth": nth}


IN_FILE: dict[str, Any] = {"in_file": True}
"""The record that the CSV file has been up to date with the journal."""


def as_bytes(record: dict[str, Any]) -> bytes:
    """A line of the journal."""
    text = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def read_records(content: bytes) -> Iterator[dict[str, Any] | None]:
    """The records of a journal, None for each line that is damaged."""
    for line in content.splitlines():
        checksum, _, text = line.partition(b" ")
        try:
            is_whole = len(checksum) == 8 and int(checksum, 16) == zlib.crc32(text)
            record = json.loads(text) if is_whole else None
        except ValueError:
            record = None
        if line:
            yield record
