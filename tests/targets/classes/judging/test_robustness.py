"""A row for each version in which a model is asked about the same examples."""

import numpy as np
import pytest

from pipeline.targets.classes.judging.robustness import mean_accuracy, robustness
from pipeline.targets.protocols.judging import Variant

LABELS = np.arange(40) % 2


def outputs(num_wrong: int) -> np.ndarray:
    """Right about all but the first."""
    answers = np.where(np.arange(40) < num_wrong, 1 - LABELS, LABELS)
    return np.eye(2, dtype=np.float32)[answers]


def test_accuracy_of_each_variant_in_order():
    variants = [
        Variant("none", 0, outputs(0)),
        Variant("noise", 1, outputs(4)),
        Variant("noise", 5, outputs(20)),
    ]
    rows = robustness(iter(variants), LABELS)
    assert [row[:3] for row in rows] == [("none", 0, 1), ("noise", 1, 0.9), ("noise", 5, 0.5)]
    assert all(row.low <= row.accuracy <= row.high for row in rows)
    assert mean_accuracy(rows) == pytest.approx(0.7)


def test_groups_make_intervals_wider():
    variants = [Variant("none", 0, outputs(8))]
    owners = (None, np.arange(40) // 10)
    (alone,), (grouped,) = (robustness(variants, LABELS, own) for own in owners)
    assert grouped.low < alone.low
