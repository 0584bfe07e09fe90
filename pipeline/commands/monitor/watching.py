"""What there is to say of the answers of some days."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.commands.monitor.answers import Answers
from pipeline.commands.monitor.drift import SIZES
from pipeline.commands.monitor.estimate import (
    Estimate,
    LabelledFigure,
    calibrated,
    estimate,
    labelled,
    unknown,
)
from pipeline.dataset.arrays import Float64

ESTIMATED_ON = 1600
"""The last answers, of which accuracy is estimated."""


@dataclass(frozen=True)
class Course:
    """A family in windows of one size, oldest first."""

    family: str
    size: int
    ends: NDArray[np.datetime64]
    """`(W,)`; when each window ends."""
    starts: NDArray[np.datetime64]
    shares: Float64
    """`(W,)`; of the threshold: over 1 alarms."""

    @property
    def is_alarm(self) -> bool:
        return bool(self.shares[-1] > 1)

    @property
    def since(self) -> np.datetime64:
        """When the first window begins that alarms, and all after it."""
        quiet = np.flatnonzero(~(self.shares > 1))
        start: np.datetime64 = self.starts[quiet[-1] + 1 if len(quiet) else 0]
        return start


@dataclass(frozen=True)
class TrafficState:
    """How things are."""

    courses: list[Course]
    accuracy: Estimate
    labelled: LabelledFigure | None
    families: list[str] = field(default_factory=list)

    def worst(self, family: str) -> Course | None:
        """The course of a family whose last window is the furthest over its threshold."""
        found = [c for c in self.courses if c.family == family and not np.isnan(c.shares[-1])]
        return max(found, key=lambda course: float(course.shares[-1]), default=None)

    @property
    def alarms(self) -> list[Course]:
        """The worst course of each family that alarms, the oldest first."""
        worst = [course for name in self.families if (course := self.worst(name))]
        return sorted((c for c in worst if c.is_alarm), key=lambda course: course.since)


def watch(answers: Answers) -> TrafficState:
    """Compare all windows of all sizes with the reference; the last one ends with the last
    answer."""
    num, times = len(answers), answers.times
    courses = []
    for size in SIZES:
        windows = num // size
        if not windows:
            break
        first = num - windows * size
        found = answers.reference.statistics(answers.traffic.rows(slice(first, None)), size)
        starts, ends = times[first::size][:windows], times[first + size - 1 :: size]
        courses += [Course(name, size, ends, starts, shares) for name, shares in found.items()]
    drifted = {course.family for course in courses if course.is_alarm}
    accuracy, families = _accuracy(answers, drifted), list(answers.reference.families)
    return TrafficState(courses, accuracy, _labelled(answers), families)


def _accuracy(answers: Answers, drifted: Collection[str]) -> Estimate:
    if len(answers) < SIZES[0]:
        return unknown(f"fewer than {SIZES[0]} answers")
    last = slice(-ESTIMATED_ON, None)
    confidences = calibrated(
        answers.outputs[last], answers.about["calibration"], answers.probabilities
    )
    return estimate(confidences, drifted)


def _labelled(answers: Answers) -> LabelledFigure | None:
    ids = answers.table["id"].to_pylist() if answers.truths else []
    rows = [row for row, id in enumerate(ids) if id in answers.truths]
    errors = [answers.error(row, answers.truths[ids[row]]) for row in rows]
    return labelled(errors, *answers.judged_by)
