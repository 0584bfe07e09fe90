"""Sums over numbers while rows pass by, and sentences on what looks odd."""

import math

import numpy as np
import pyarrow as pa

from pipeline.targets.numbers.labels.reading import COLUMN
from pipeline.targets.protocols.labels import TargetIndex

FEW_VALUES = 10
"""Up to this many distinct whole numbers may be codes."""
FAR_OUT = 100
"""Standard deviations from the mean beyond which a number is hardly right."""


class NumberTally:
    """Sums over numbers; see targets/protocols/labels.py. Memory stays flat."""

    def __init__(self) -> None:
        self.num = 0
        self.least, self.most = math.inf, -math.inf
        self.mean = self.squares = 0.0
        """Mean, and sum of the squared distances from it."""
        self.different: set[float] = set()
        """The first few distinct numbers."""

    def add(self, table: pa.Table) -> None:
        values = np.asarray(table[COLUMN].drop_null(), np.float64)
        if not len(values):
            return
        before, num = self.num, self.num + len(values)
        shift = float(values.mean()) - self.mean
        # Chan, Golub & LeVeque 1979: combines the sums of parts.
        self.squares += float(((values - values.mean()) ** 2).sum())
        self.squares += shift**2 * before * len(values) / num
        self.mean += shift * len(values) / num
        self.num = num
        self.least = min(self.least, float(values.min()))
        self.most = max(self.most, float(values.max()))
        if len(self.different) <= FEW_VALUES:
            self.different |= {*np.unique(values)[: 2 * FEW_VALUES].tolist()}

    @property
    def std(self) -> float:
        return math.sqrt(self.squares / max(self.num, 1))

    def summary(self, index: TargetIndex) -> list[str]:
        if not self.num:
            return []
        return [
            f"numbers from {self.least:.6g} to {self.most:.6g}",
            f"mean {self.mean:.6g}, standard deviation {self.std:.6g}",
        ]

    def misfit(self) -> str | None:
        return None

    def oddities(self, index: TargetIndex) -> list[str]:
        found = []
        if 0 < len(self.different) <= FEW_VALUES and all(v.is_integer() for v in self.different):
            found.append(
                f"there are only {len(self.different)} different numbers, all whole: where they "
                "are codes rather than amounts, set target: classes"
            )
        for value in (self.least, self.most):
            if self.num and abs(value - self.mean) > FAR_OUT * self.std > 0:
                found.append(
                    f"one number is {value:.6g}, more than {FAR_OUT} standard deviations from the "
                    f"mean {self.mean:.6g}"
                )
        return found
