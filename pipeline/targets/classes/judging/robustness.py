"""Accuracy on corrupted copies of test examples."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.targets.bootstrap import Owners, share_interval
from pipeline.targets.protocols.judging import Variant


class Corrupted(NamedTuple):
    """The accuracy under one corruption, with a 95 % interval."""

    corruption: str
    """`none` for the original examples."""
    strength: int
    """0 for none."""
    accuracy: float
    low: float
    high: float


def robustness(
    variants: Iterable[Variant], labels: NDArray[np.int64], owners: Owners | None = None
) -> list[Corrupted]:
    """Make a row for each variant of the examples with these labels."""
    rows = []
    for name, strength, outputs in variants:
        right = outputs.argmax(1) == labels
        interval = share_interval(right, owners)
        rows.append(Corrupted(name, strength, float(right.mean()), *interval))
    return rows


def mean_accuracy(rows: Sequence[Corrupted]) -> float:
    """The mean accuracy over all corruptions and strengths, with equal weights."""
    return float(np.mean([row.accuracy for row in rows if row.strength]))
