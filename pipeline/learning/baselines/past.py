"""Statistics of the earlier labels that were known at the time of an example."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.splits.clock import back
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import Ordinals
from pipeline.targets.protocols.baseline import Past

DECAY = 0.94
"""Decay of RiskMetrics (1996), for days."""


def past_of(
    y: Float64,
    times: Ordinals,
    has_time: NDArray[np.bool_],
    groups: Sequence[str | None],
    rule: SplitRule,
) -> Past:
    """Statistics of the labels known before each of N examples.

    A label is known if the time of its example is at least a horizon earlier: it is decided then.
    With groups, such as tickers, only labels of the same group count.

    Args:
        y: labels as numbers, or codes, `(N,)`.
    """
    found = np.full((4, len(y)), np.nan)
    names = np.array([group or "" for group in groups])
    steps = np.unique(times[has_time])
    moments = {
        int(time): int(time) - 1 if not rule.horizon else back(int(time), rule.horizon, steps)
        for time in steps
    }
    for name in np.unique(names):
        rows = np.flatnonzero(has_time & (names == name))
        rows = rows[np.argsort(times[rows], kind="stable")]
        until = np.array([moments[int(time)] for time in times[rows]], np.int64)
        num_known = np.searchsorted(times[rows], until, side="right")
        found[:, rows] = _before(y[rows], num_known)
    return Past(*found)


def _before(y: Float64, num_known: Rows) -> Float64:
    """Last, means of 5 and of 22, and weighted mean of the first `num_known` of y, `(4, N)`."""
    sums = np.concatenate([[0.0], np.cumsum(y)])
    weighted = np.zeros(len(y) + 1)
    for number, value in enumerate(y):
        weighted[number + 1] = (
            value if number == 0 else DECAY * weighted[number] + (1 - DECAY) * value
        )
    known = num_known.clip(1)
    means = [
        (sums[known] - sums[np.maximum(known - num, 0)]) / np.minimum(known, num) for num in (5, 22)
    ]
    found = np.stack([y[known - 1], *means, weighted[known]])
    return np.where(num_known > 0, found, np.nan)
