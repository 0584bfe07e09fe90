"""A model is asked about corrupted copies of the same images."""

import numpy as np
import pytest

from pipeline.evaluate.robustness import choose, mean_accuracy, robustness
from pipeline.modalities.images.corruptions import CORRUPTIONS, STRENGTHS

IDS = [f"image {number}" for number in range(40)]
LABELS = np.arange(40) % 2
IMAGES = np.where(LABELS == 1, 180, 60).astype(np.uint8)[:, None, None, None]
IMAGES = np.tile(IMAGES, (1, 8, 8, 1))


def is_bright(images: np.ndarray) -> np.ndarray:
    return (images.mean((1, 2, 3)) > 120).astype(np.int64)


def test_every_corruption_at_every_strength_after_the_images_as_they_are():
    rows = robustness(is_bright, IMAGES, LABELS, IDS)
    expected = [("none", 0)] + [(name, s) for name in CORRUPTIONS for s in STRENGTHS]
    assert [row[:2] for row in rows] == expected
    accuracy = {row[:2]: row.accuracy for row in rows}
    assert accuracy["none", 0] == accuracy["blur", 5] == accuracy["brightness", 1] == 1
    assert accuracy["brightness", 5] == 0.5  # 60 + 76 looks bright
    assert all(row.low <= row.accuracy <= row.high for row in rows)
    assert mean_accuracy(rows) == pytest.approx((20 * 1 + 0.5) / 21)


def test_chosen_examples_are_the_same_whatever_comes_before():
    ids = [f"{number}" for number in range(1000)]
    chosen = choose(ids, 100)
    assert (np.diff(chosen) > 0).all()
    assert 300 < chosen.mean() < 700
    names = {ids[row] for row in chosen}
    turned = ids[::-1]
    assert {turned[row] for row in choose(turned, 100)} == names
    assert choose(ids, 5000).tolist() == list(range(1000))
    assert choose(ids, 0).tolist() == []
