"""Changes since the last ingest of a dataset, by comparison with data/raw."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.dataset.table import read_index, read_tables
from pipeline.runtime.errors import MissingInput


class ComparedParts(NamedTuple):
    """The parts of an example to compare."""

    digest: str | None
    label: Any


class Changes:
    """Compares passing examples with those of data/raw.

    Memory grows with the number of examples: an id, a digest and a label of each.
    """

    def __init__(self, name: str, folder: Path, label: str) -> None:
        self._label = label
        self._before = _read(name, folder, label)
        self._now: dict[str, ComparedParts] = {}

    def add(self, table: pa.Table) -> None:
        """Add rows of data/raw, of examples or of the pool."""
        if self._before is not None:
            self._now.update(_known(table, self._label))

    def describe(self) -> Iterator[str]:
        """Count new, gone, moved and changed examples; empty if data/raw has another dataset."""
        if self._before is None:
            return
        before, now = self._before, self._now
        new, gone = now.keys() - before.keys(), before.keys() - now.keys()
        there = Counter(before[id].digest for id in gone if before[id].digest)
        moved = Counter(now[id].digest for id in new if now[id].digest) & there
        both = now.keys() & before.keys()
        edited = sum(now[id].digest != before[id].digest for id in both)
        relabelled = sum(now[id].label != before[id].label for id in both)
        counts = {
            "new": len(new) - moved.total(),
            "gone": len(gone) - moved.total(),
            "under another id": moved.total(),
            "with other content": edited,
            "with another label": relabelled,
        }
        changes_text = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
        yield f"since the last ingest: {changes_text or 'nothing changed'}"


def _read(name: str, folder: Path, label: str) -> dict[str, ComparedParts] | None:
    """Read the examples of data/raw; None if it is missing, or of another dataset."""
    columns = ["id", "source_sha256", label]
    try:
        if read_index(folder)["dataset"] != name:
            return None
        found: dict[str, ComparedParts] = {}
        for key in ("files", "pool"):
            for table in read_tables(folder, columns, key):
                found.update(_known(table, label))
        return found
    except (MissingInput, KeyError):
        return None


def _known(table: pa.Table, label: str) -> Iterator[tuple[str, ComparedParts]]:
    columns = (table[name].to_pylist() for name in ("id", "source_sha256", label))
    for id, digest, given in zip(*columns, strict=True):
        yield id, ComparedParts(digest, given)
