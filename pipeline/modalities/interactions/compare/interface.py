"""The names of modalities/protocols/compare.py, for interactions.

Repeats and double clicks are gone before the split (prepare/sources), as the last event of a user
might be one. What is left to find are users who are no people: they have far more events, or many
of one item alone.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.table import read_tables
from pipeline.modalities.interactions.content.events import DIFFERENT, OF_USER, who_and_what
from pipeline.modalities.interactions.content.usual import has_one_item, times_usual
from pipeline.modalities.pairs import Pairs, Progress

NEEDED: Sequence[str] = (OF_USER, DIFFERENT)
UNUSUAL = 10.0
WHOLE_GROUPS = True
"""Users are unusual, not events."""


def distances(columns: Mapping[str, NDArray[Any]]) -> Float64:
    """How many times as many events as nearly all others the user of an event has; UNUSUAL plus the
    number of events for a user of one item alone."""
    counts, different = (columns[name].astype(np.float64) for name in (OF_USER, DIFFERENT))
    times = times_usual(counts)
    return np.where(has_one_item(counts, different), UNUSUAL + counts, times)


def load(folder: Path, index: Mapping[str, Any]) -> list[str]:
    """The user of each event."""
    parts = (table["event"].to_pylist() for table in read_tables(folder, ["event"]))
    return [who_and_what(event)[0] for part in parts for event in part]


def tells_apart(loaded: list[str]) -> NDArray[np.bool_]:
    return np.ones(len(loaded), bool)


def find_pairs(loaded: list[str], rows: Rows, ranks: Rows, progress: Progress) -> tuple[Pairs, int]:
    return Pairs.none(), 0
