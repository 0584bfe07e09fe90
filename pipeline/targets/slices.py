"""Slices of the test split: the tails of each measurement, and a model's weakest groups.

A part of few examples looks weak or strong by chance, so a target gives each with an interval; the
weakest of many is still weaker than it will be on new examples.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows

MIN_EXAMPLES = 10
MAX_GROUPS = 10
TAIL = 0.25


class Slice(NamedTuple):
    """A set of examples; the report describes it in words."""

    kind: str
    """`all`, `low` or `high` (a tail of a measurement), or `group`."""
    measurement: str | None
    bound: float | None
    """The largest value of a low tail, the least one of a high tail."""
    rank: int | None
    """Rank of a group: 1 for the weakest."""
    num_groups: int | None
    """Number of groups with MIN_EXAMPLES."""


def slices(
    quality: NDArray,
    measurements: Mapping[str, NDArray[np.floating]],
    groups: Sequence[str | None],
) -> list[tuple[Slice, Rows]]:
    """Make the slices, with their rows: all, the tails of each measurement, the weakest groups.

    Args:
        quality: how good the model is on each example, `(N,)`, greater is better.
        measurements: each `(N,)`.
        groups: the name of the group of each example, or None.

    A tail is left out when it has fewer than MIN_EXAMPLES, or more than half of all, as when all
    examples are of one size. Groups are ranked, the weakest first, and not named: reports are in
    git, and a group may be a person. data/evaluation/predictions.parquet has the names.
    """
    num = len(quality)
    parts = [(Slice("all", None, None, None, None), np.arange(num))]
    for kind, measurement, bound, where in _tails(measurements):
        if MIN_EXAMPLES <= where.sum() <= num / 2:
            parts.append((Slice(kind, measurement, bound, None, None), np.flatnonzero(where)))
    return parts + _weakest_groups(quality, groups)


def _tails(
    measurements: Mapping[str, NDArray[np.floating]],
) -> Iterator[tuple[str, str, float, NDArray[np.bool_]]]:
    for measurement, values in measurements.items():
        low, high = np.quantile(values, [TAIL, 1 - TAIL])
        yield "low", measurement, float(low), values <= low
        yield "high", measurement, float(high), values >= high


def _weakest_groups(quality: NDArray, groups: Sequence[str | None]) -> list[tuple[Slice, Rows]]:
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        if group:
            rows.setdefault(group, []).append(row)
    large = [np.array(where) for _, where in sorted(rows.items()) if len(where) >= MIN_EXAMPLES]
    large.sort(key=lambda where: quality[where].mean())
    return [
        (Slice("group", None, None, rank, len(large)), where)
        for rank, where in enumerate(large[:MAX_GROUPS], 1)
    ]
