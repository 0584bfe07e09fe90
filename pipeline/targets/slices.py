"""Accuracy on parts of the test split: the dark, the blurred, the small …; and the weakest groups.

A part of few examples looks weak or strong by chance, so each comes with its interval; the weakest
of many is still weaker than it will be on new examples.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluate.bootstrap import Owners, share_interval

MIN_EXAMPLES = 10
MAX_GROUPS = 10
TAIL = 0.25


class Accuracy(NamedTuple):
    """The accuracy on some examples, with a 95 % interval."""

    num: int
    accuracy: float
    low: float
    high: float


class Slice(NamedTuple):
    """Which examples, and the accuracy on them; the report has the words."""

    kind: str
    """`all`, `low` or `high` (a tail of a measurement), or `group`."""
    measurement: str | None
    bound: float | None
    """The largest value of a low tail, the least one of a high tail."""
    rank: int | None
    """Of a group: 1 for the weakest."""
    num_groups: int | None
    """How many groups have MIN_EXAMPLES."""
    accuracy: Accuracy


def accuracy_of(right: NDArray[np.bool_], owners: Owners | None = None) -> Accuracy:
    """The accuracy on at least one example, `right` or not."""
    return Accuracy(len(right), float(right.mean()), *share_interval(right, owners))


def slices(
    right: NDArray[np.bool_],
    measurements: Mapping[str, NDArray[np.floating]],
    groups: Sequence[str | None],
    owners: Owners | None = None,
) -> list[Slice]:
    """All examples, the tails of each measurement, then the weakest groups.

    Args:
        right: whether the model is right about each example, `(N,)`.
        measurements: each `(N,)`.
        groups: the name of the group of each example, or None.
        owners: see `share_interval`.

    A tail is left out when it has fewer than MIN_EXAMPLES, or more than half of all, as when all
    images are of one size. Groups are ranked, the weakest first, and not named: reports are in git,
    and a group may be a person. data/evaluation/predictions.parquet has the names.
    """
    found = [Slice("all", None, None, None, None, accuracy_of(right, owners))]
    for kind, measurement, bound, where in _tails(measurements):
        if MIN_EXAMPLES <= where.sum() <= len(right) / 2:
            some = None if owners is None else owners[where]
            accuracy = accuracy_of(right[where], some)
            found.append(Slice(kind, measurement, bound, None, None, accuracy))
    return found + _weakest_groups(right, groups)


def owners_of(ids: Sequence[str], groups: Sequence[str | None]) -> Owners | None:
    """A number for each group; an example without one is its own. None when there is no group."""
    if not any(groups):
        return None
    names = [
        f"group {group}" if group else f"id {id}" for id, group in zip(ids, groups, strict=True)
    ]
    numbers: Owners = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return numbers


def _tails(
    measurements: Mapping[str, NDArray[np.floating]],
) -> Iterator[tuple[str, str, float, NDArray[np.bool_]]]:
    for measurement, values in measurements.items():
        low, high = np.quantile(values, [TAIL, 1 - TAIL])
        yield "low", measurement, float(low), values <= low
        yield "high", measurement, float(high), values >= high


def _weakest_groups(right: NDArray[np.bool_], groups: Sequence[str | None]) -> list[Slice]:
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        if group:
            rows.setdefault(group, []).append(row)
    large = [where for _, where in sorted(rows.items()) if len(where) >= MIN_EXAMPLES]
    large.sort(key=lambda where: right[where].mean())
    return [
        Slice("group", None, None, rank, len(large), accuracy_of(right[where]))
        for rank, where in enumerate(large[:MAX_GROUPS], 1)
    ]
