"""Detects columns that alone reveal the label: they are the outcome in disguise."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64

TELLS = 0.99
"""Least area under the curve, or share of rows; no honest column was seen above."""
COVERS = 0.9
"""Least share of one label's rows with values that no other label has."""
RANKS_ALIKE = 0.995
"""Least rank correlation with the numbers to predict."""
MIN_ROWS = 30
FEW = 5
"""Least number of rows of a value."""


def tells(values: Sequence[Any] | NDArray[Any], labels: Sequence[Any]) -> str | None:
    """How a column alone reveals the label of nearly every row; None if it does not.

    Args:
        values: those of N rows: numbers with NaN for missing, `(N,)`, or texts, empty for missing.
        labels: those of the same rows, N texts.
    """
    names, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    counts = np.bincount(codes)
    if len(codes) < MIN_ROWS or len(names) < 2:
        return None
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        missing = ~np.isfinite(values)
        discrete = np.where(missing, -1, np.unique(values, return_inverse=True)[1])
        if (reason := _by_missing(missing, codes, names.tolist())) is not None:
            return reason
        if len(names) == 2 and (~missing).all():
            area = area_under_curve(values, codes == 1)
            if max(area, 1 - area) >= TELLS:
                return (
                    f"orders the labels with an area under the curve of {max(area, 1 - area):.3f}"
                )
            if (reason := _beyond(values, codes, names.tolist())) is not None:
                return reason
    else:
        texts = np.asarray(values, dtype=str)
        if (reason := _by_missing(texts == "", codes, names.tolist())) is not None:
            return reason
        discrete = np.unique(texts, return_inverse=True)[1]
    return _by_value(discrete, codes, int(counts.max()))


def ranks_alike(values: Float64, numbers: Float64) -> str | None:
    """How a column alone reveals the numbers to predict; None if it does not."""
    there = np.isfinite(values) & np.isfinite(numbers)
    if there.sum() < MIN_ROWS or np.ptp(values[there]) == 0 or np.ptp(numbers[there]) == 0:
        return None
    one, other = rankdata(values[there]), rankdata(numbers[there])
    correlation = abs(float(np.corrcoef(one, other)[0, 1]))
    if correlation < RANKS_ALIKE:
        return None
    return f"has a rank correlation of {correlation:.3f} with what is to be predicted"


def area_under_curve(values: Float64, is_one: NDArray[np.bool_]) -> float:
    """Probability that one label's row has a larger value than the other's (Mann-Whitney)."""
    ranks = rankdata(values)
    num, others = int(is_one.sum()), int((~is_one).sum())
    return float((ranks[is_one].sum() - num * (num + 1) / 2) / max(1, num * others))


def _by_missing(missing: NDArray[np.bool_], codes: NDArray[Any], names: list[str]) -> str | None:
    """How presence reveals a label: only its rows have a value, or only they lack one."""
    if missing.sum() < FEW or (~missing).sum() < FEW:
        return None
    for label, name in enumerate(names):
        own = codes == label
        for mask, what in ((~missing, "has a value"), (missing, "is missing")):
            if not mask[~own].any() and mask[own].mean() >= COVERS:
                number = int(mask.sum())
                return f"{what} in {number} rows, all of which are {name} ({own.sum()} rows)"
    return None


def _beyond(values: Float64, codes: NDArray[Any], names: list[str]) -> str | None:
    """How values reveal a label: nearly all of its own are beyond all others."""
    for label, name in enumerate(names):
        own, others = values[codes == label], values[codes != label]
        for beyond, what in (
            (own > others.max(), f"above {others.max():g}"),
            (own < others.min(), f"below {others.min():g}"),
        ):
            if beyond.mean() >= COVERS:
                return f"is {what} in {int(beyond.sum())} rows, all of which are {name}"
    return None


def _by_value(discrete: NDArray[Any], codes: NDArray[Any], most: int) -> str | None:
    """How a few values reveal the label: each nearly always has the same one."""
    _, discrete = np.unique(discrete, return_inverse=True)
    table = np.zeros((int(discrete.max()) + 1, int(codes.max()) + 1), np.int64)
    np.add.at(table, (discrete, codes), 1)
    frequent = table[table.sum(1) >= FEW]
    if frequent.sum() < TELLS * len(codes):
        return None
    right = int(frequent.max(1).sum())
    if right < TELLS * len(codes) or right - most < FEW:
        return None
    return f"tells the label of {right} of {len(codes)} rows by itself"
