"""The names of modalities/protocols/compare.py, for tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64, Rows
from pipeline.modalities.pairs import Pairs, Progress
from pipeline.modalities.tables.compare.loading import LoadedRows, load_rows
from pipeline.modalities.tables.compare.near_rows import codes_of, find_near
from pipeline.modalities.tables.content.surprise import telling

__all__ = ["distances", "find_pairs", "load", "tells_apart"]

NEEDED = ("missing",)
UNUSUAL = 6.0


def distances(columns: Mapping[str, NDArray[Any]]) -> Float64:
    """How much more of a row is missing than of most rows, in usual deviations."""
    missing = columns["missing"].astype(np.float64)
    if not len(missing):
        return missing
    middle = np.median(missing)
    usual = max(1.4826 * float(np.median(np.abs(missing - middle))), 0.1)
    return np.maximum(missing - middle, 0) / usual


def load(folder: Path, index: Mapping[str, Any]) -> LoadedRows:
    return load_rows(folder, index)


def tells_apart(loaded: LoadedRows) -> NDArray[np.bool_]:
    return telling(codes_of(loaded))


def find_pairs(
    loaded: LoadedRows, rows: Rows, ranks: Rows, progress: Progress
) -> tuple[Pairs, int]:
    """Find rows that are equal in all columns but at most one, more than by chance."""
    with progress(len(rows)) as bar:
        found = find_near(loaded, rows, ranks)
        bar.update(len(rows))
    return found, 0
