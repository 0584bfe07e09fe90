"""Parts of the test split: which examples they have, and which are left out."""

import numpy as np
import pytest

from pipeline.evaluate.slices import owners_of, slices

NUM = 100
RIGHT = np.arange(NUM) >= 20  # the first fifth is wrong
BRIGHTNESS = np.arange(NUM) / 100
NOBODY = [None] * NUM


def test_tails_are_quarters_with_their_own_accuracy_and_interval():
    everything, dark, bright = slices(RIGHT, {"brightness": BRIGHTNESS}, NOBODY)
    assert everything[:-1] == ("all", None, None, None, None)
    assert everything.accuracy[:2] == (100, 0.8)
    assert dark[:3] == ("low", "brightness", pytest.approx(0.2475))
    assert dark.accuracy[:2] == (25, 0.2)
    assert bright[:3] == ("high", "brightness", pytest.approx(0.7425))
    assert bright.accuracy[:2] == (25, 1.0)
    assert dark.accuracy[2:] == pytest.approx((0.0886, 0.3913), abs=1e-4)


def test_a_measurement_that_hardly_varies_has_no_tails():
    pixels = np.full(NUM, 64.0)
    few = np.where(np.arange(NUM) < 5, 0.0, 1.0)  # a low tail of five, a high one of nearly all
    found = slices(RIGHT, {"pixels": pixels, "contrast": few}, NOBODY)
    assert [part.kind for part in found] == ["all"]


def test_groups_are_ranked_from_the_weakest_and_not_named():
    groups = [f"patient {row // 20}" if row < 60 else None for row in range(NUM)]
    groups[60] = "seen once"
    right = np.arange(NUM) % 20 < np.repeat([7, 2, 12, 20, 20], 20)
    found = slices(right, {}, groups)
    assert [(part.kind, part.rank, part.num_groups) for part in found[1:]] == [
        ("group", 1, 3),
        ("group", 2, 3),
        ("group", 3, 3),
    ]
    assert [part.accuracy[:2] for part in found[1:]] == [(20, 0.1), (20, 0.35), (20, 0.6)]
    assert "patient" not in str(found)


def test_at_most_ten_groups_are_listed():
    groups = [f"{row // 20}" for row in range(20 * 15)]
    found = slices(np.ones(300, bool), {}, groups)
    assert [part.rank for part in found] == [None, *range(1, 11)]


def test_groups_make_intervals_wider():
    owners = np.arange(NUM) // 20
    (alone,), (grouped,) = (slices(RIGHT, {}, NOBODY, own) for own in (None, owners))
    narrow, wide = alone.accuracy, grouped.accuracy
    assert wide.low < narrow.low < narrow.high < wide.high


def test_owners():
    assert owners_of(["a", "b"], [None, None]) is None
    owners = owners_of(["a", "b", "c", "x"], ["x", None, "x", None])
    assert owners[0] == owners[2]
    assert len(set(owners.tolist())) == 3
