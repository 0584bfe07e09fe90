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
TAILS = {
    "brightness": ("dark", "bright"),
    "contrast": ("low contrast", "high contrast"),
    "sharpness": ("blurred", "sharp"),
    "pixels": ("small", "large"),
    "width to height": ("tall", "wide"),
}
"""Names of the lowest and the highest quarter of a measurement."""


class Accuracy(NamedTuple):
    """The accuracy on some examples."""

    name: str
    rule: str
    """Which examples these are."""
    num: int
    accuracy: float
    low: float
    high: float


def accuracy_of(
    name: str, rule: str, right: NDArray[np.bool_], owners: Owners | None = None
) -> Accuracy:
    """The accuracy on at least one example, `right` or not, with a 95 % interval."""
    return Accuracy(name, rule, len(right), float(right.mean()), *share_interval(right, owners))


def slices(
    right: NDArray[np.bool_],
    measurements: Mapping[str, NDArray[np.floating]],
    groups: Sequence[str | None],
    owners: Owners | None = None,
) -> list[Accuracy]:
    """All examples, the tails of each measurement, then the weakest groups.

    Args:
        right: whether the model is right about each example, `(N,)`.
        measurements: each `(N,)`, by its name in TAILS.
        groups: the name of the group of each example, or None.
        owners: see `share_interval`.

    A tail is left out when it has fewer than MIN_EXAMPLES, or more than half of all, as when all
    images are of one size. Groups are numbered, the weakest first, and not named: reports are in
    git, and a group may be a person. data/evaluation/predictions.parquet
    has the names.
    """
    parts = [accuracy_of("all", "every test example", right, owners)]
    for name, rule, where in _tails(measurements):
        if MIN_EXAMPLES <= where.sum() <= len(right) / 2:
            some = None if owners is None else owners[where]
            parts.append(accuracy_of(name, rule, right[where], some))
    return parts + _weakest_groups(right, groups)


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
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for measurement, values in measurements.items():
        low_name, high_name = TAILS[measurement]
        low, high = np.quantile(values, [TAIL, 1 - TAIL])
        yield low_name, f"{measurement} at most {low:.4g}", values <= low
        yield high_name, f"{measurement} at least {high:.4g}", values >= high


def _weakest_groups(right: NDArray[np.bool_], groups: Sequence[str | None]) -> list[Accuracy]:
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        if group:
            rows.setdefault(group, []).append(row)
    large = [where for _, where in sorted(rows.items()) if len(where) >= MIN_EXAMPLES]
    large.sort(key=lambda where: right[where].mean())
    rule = f"one of {len(large)} groups of at least {MIN_EXAMPLES} examples, the weakest first"
    return [
        accuracy_of(f"group {number}", rule, right[where])
        for number, where in enumerate(large[:MAX_GROUPS], 1)
    ]
