"""Accuracy on some examples, with its interval."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.targets.bootstrap import Owners, share_interval


class Accuracy(NamedTuple):
    """The accuracy on some examples, with a 95 % interval."""

    num: int
    accuracy: float
    low: float
    high: float


def accuracy_of(right: NDArray[np.bool_], owners: Owners | None = None) -> Accuracy:
    """The accuracy on at least one example; `right` marks the right answers."""
    return Accuracy(len(right), float(right.mean()), *share_interval(right, owners))
