"""Parts of the test split: which examples they have, and which are left out."""

import numpy as np
import pytest

from pipeline.targets.slices import slices

NUM = 100
RIGHT = np.arange(NUM) >= 20  # the first fifth is wrong
BRIGHTNESS = np.arange(NUM) / 100
NOBODY = [None] * NUM


def test_tails_are_quarters():
    (everything, all_rows), (dark, low), (bright, high) = slices(
        RIGHT, {"brightness": BRIGHTNESS}, NOBODY
    )
    assert everything == ("all", None, None, None, None)
    assert all_rows.tolist() == list(range(NUM))
    assert dark == ("low", "brightness", pytest.approx(0.2475), None, None)
    assert low.tolist() == list(range(25))
    assert bright == ("high", "brightness", pytest.approx(0.7425), None, None)
    assert high.tolist() == list(range(75, 100))


def test_a_measurement_that_hardly_varies_has_no_tails():
    pixels = np.full(NUM, 64.0)
    few = np.where(np.arange(NUM) < 5, 0.0, 1.0)  # a low tail of five, a high one of nearly all
    parts = slices(RIGHT, {"pixels": pixels, "contrast": few}, NOBODY)
    assert [part.kind for part, _ in parts] == ["all"]


def test_groups_are_ranked_from_the_weakest_and_not_named():
    groups = [f"patient {row // 20}" if row < 60 else None for row in range(NUM)]
    groups[60] = "seen once"
    right = np.arange(NUM) % 20 < np.repeat([7, 2, 12, 20, 20], 20)
    parts = slices(right, {}, groups)
    assert [(part.kind, part.rank, part.num_groups) for part, _ in parts[1:]] == [
        ("group", 1, 3),
        ("group", 2, 3),
        ("group", 3, 3),
    ]
    assert [rows.tolist() for _, rows in parts[1:]] == [
        list(range(20, 40)),
        list(range(20)),
        list(range(40, 60)),
    ]
    assert "patient" not in str(parts)


def test_quality_may_be_any_number():
    groups = [f"{row // 20}" for row in range(60)]
    error = np.repeat([0.5, 3.0, 0.25], 20)
    parts = slices(-error, {}, groups)
    assert [rows[0] for _, rows in parts[1:]] == [20, 0, 40]


def test_at_most_ten_groups_are_listed():
    groups = [f"{row // 20}" for row in range(20 * 15)]
    parts = slices(np.ones(300, bool), {}, groups)
    assert [part.rank for part, _ in parts] == [None, *range(1, 11)]
