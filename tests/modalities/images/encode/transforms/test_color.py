"""Colour changes by as much as it may, in every order."""

import itertools

import numpy as np
import pytest

from pipeline.modalities.images.encode.settings import Color
from pipeline.modalities.images.encode.transforms import operations
from pipeline.modalities.images.encode.transforms.draws import Draws
from tests.support.transform_checks import KEYS, NUM, noise, versions

NOTHING = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}


def color(**values: float) -> Color:
    return Color(name="color", **(NOTHING | values))


def test_color_without_range_changes_nothing():
    images = noise(6, 6, 3)
    assert (versions(images, color()) == images).all()


def test_brightness_multiplies_by_up_to_its_fraction():
    images = np.full((NUM, 3, 3, 1), 100, np.uint8)
    values = versions(images, color(brightness=0.2, contrast=0.9, saturation=0.5, hue=0.5))
    assert (values == values[:, :1, :1]).all()  # no contrast in a flat image
    assert 80 <= values.min() < 85 < 115 < values.max() <= 120
    assert abs(values.mean() - 100) < 3


def test_contrast_stretches_around_the_mean():
    images = np.tile(np.array([80, 120], np.uint8)[:, None], (NUM, 1, 1, 1))
    values = versions(images, color(contrast=0.5)).astype(int)
    low, high = values.reshape(NUM, 2).T
    assert (abs(low + high - 200) <= 1).all()  # fractions are cut off
    assert 19 <= (high - low).min() < 25 < 55 < (high - low).max() <= 61


def test_saturation_and_hue_keep_what_they_should():
    images = np.tile(np.array([200, 100, 50], np.uint8), (NUM, 1, 1, 1))
    by_saturation = versions(images, color(saturation=0.5)).reshape(NUM, 3).astype(int)
    span = by_saturation[:, 0] - by_saturation[:, 2]
    assert 74 <= span.min() < 85 < 210 < span.max() <= 226
    by_hue = versions(images, color(hue=0.5)).reshape(NUM, 3)
    assert (by_hue.max(1) == 200).all()
    assert (by_hue.min(1) == 50).all()
    assert set(by_hue.argmax(1)) == {0, 1, 2}
    assert (versions(images, color(hue=1 / 12)).reshape(NUM, 3).argmax(1) == 0).all()


def test_color_clips_at_black_and_white():
    images = np.full((NUM, 2, 2, 1), 250, np.uint8)
    assert versions(images, color(brightness=1)).max() == 255


@pytest.mark.parametrize("copy", [1, 2])
def test_each_image_draws_the_order(copy):
    images, settings = noise(6, 6, 3), color(brightness=0.9, contrast=0.9, saturation=0.9, hue=0.4)
    changed = versions(images, settings, copy=copy)
    draws = Draws(KEYS, seed=0, copy=copy, position=0)
    names = list(NOTHING)
    orders = []
    for row in range(NUM):
        for order in itertools.permutations(names):
            image = images[row : row + 1]
            for name in order:
                center, most = (0, settings.hue) if name == "hue" else (1, getattr(settings, name))
                amount = draws.around(name, center, most)[row : row + 1]
                image = getattr(operations, name)(image, amount)
            if (image[0] == changed[row]).all():
                orders.append(order)
                break
    assert len(orders) == NUM
    assert {order[0] for order in orders} == {order[-1] for order in orders} == set(names)
