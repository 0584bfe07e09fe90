"""Boundaries of a split in time, and which examples before them would leak labels.

The label of an example at time `t` with horizon `h` is decided by `t + h`. Where that lies in the
next part, the example is left out: its label overlaps with the time of the next part. An embargo
leaves out still earlier ones (López de Prado 2018, Advances in Financial Machine Learning, 7).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import Ordinals, duration_of, ordinals_of, read_times, type_of
from pipeline.runtime.errors import SourceError

NEVER = -(2**63)


class Times(NamedTuple):
    """The time column of a source."""

    type: str
    """`MOMENT` or `INTEGER`; see times.py."""
    ordinals: Ordinals
    """Times of all examples that have one, in any order."""


def times_of(texts: pa.ChunkedArray) -> Times:
    """All times among the texts of a column.

    Raises:
        SourceError: there is none.
    """
    kind = type_of(pc.unique(texts).to_pylist())
    if kind is None:
        known = texts.drop_null()
        found = f"found {known[0].as_py()!r}" if len(known) else "it is empty"
        raise SourceError(
            "the column that the entry names under columns: time: has no date of ISO 8601 and no "
            f"whole number, {found}",
            fix="name another column, or write dates as 2013-01-31",
        )
    ordinals, known_ones = ordinals_of(read_times(texts, kind))
    return Times(kind, ordinals[known_ones])


class Boundary(NamedTuple):
    """The beginning of a part, as ordinals."""

    part: str
    begins: int
    horizon_from: int
    """The horizon of earlier examples from here on reaches into the part."""
    embargo_from: int
    """Earlier examples from here on are within the embargo."""


class Clock(NamedTuple):
    """The type of the column `time`, and the parts it divides."""

    type: str
    boundaries: tuple[Boundary, ...] = ()
    """Boundaries in order; empty if the split is not by time."""


def boundary(part: str, begins: int, rule: SplitRule, times: Ordinals) -> Boundary:
    """The boundary of a part: where it begins and how far before it examples are left out.

    Args:
        times: times of all examples; `1` in a rule is a step from one distinct time to the next.
    """
    steps = np.unique(times)
    horizon_from = back(begins, rule.horizon, steps)
    return Boundary(part, begins, horizon_from, back(horizon_from, rule.embargo, steps))


def back(point: int, gap: int | str, steps: Ordinals) -> int:
    """Move a point back by a gap: in calendar time (`1d`), or by a number of the sorted `steps`."""
    if isinstance(gap, str):
        return point - (duration_of(gap) or 0)
    if not gap:
        return point
    before = int(np.searchsorted(steps, point))
    return int(steps[before - gap]) if gap <= before else NEVER


def parts_in_time(clock: Clock, times: Ordinals) -> list[str]:
    """The part that each time lies in: train before all boundaries, `(N,)`."""
    begins = np.array([each.begins for each in clock.boundaries])
    names = ["train", *(each.part for each in clock.boundaries)]
    return [names[number] for number in np.searchsorted(begins, times, side="right")]


def reasons_to_leave_out(
    clock: Clock, times: Ordinals, known_at: tuple[Ordinals, NDArray[np.bool_]] | None
) -> list[str | None]:
    """Reasons why examples cannot be in the part of their time; None where they can, `(N,)`.

    Args:
        known_at: when the values of an example became known, and whether that is given.
    """
    reasons = np.full(len(times), None, object)
    for each in reversed(clock.boundaries):
        before = times < each.begins
        if known_at is not None:
            late = before & known_at[1] & (known_at[0] >= each.begins)
            reasons[late] = f"known only when {each.part} has begun"
        reasons[before & (times >= each.embargo_from)] = f"within the embargo before {each.part}"
        reasons[before & (times >= each.horizon_from)] = f"horizon reaches into {each.part}"
    found: list[str | None] = reasons.tolist()
    return found


def bounds_of_shares(times: Times, shares: Mapping[str, float]) -> dict[str, int]:
    """The first moments of val and test by their shares, of the latest examples.

    All examples of one moment are on one side, so shares are met approximately.
    """
    ordered = np.sort(times.ordinals)
    steps = np.unique(ordered)
    bounds = {}
    for part, share in (("test", shares["test"]), ("val", shares["val"] + shares["test"])):
        later = len(ordered) - np.searchsorted(ordered, steps)
        bounds[part] = int(steps[np.abs(later / len(ordered) - share).argmin()])
    return {"val": bounds["val"], "test": bounds["test"]}
