"""Corruptions change images as they say, more at a greater strength, and the same way always."""

import numpy as np
import pytest

from pipeline.dataset.randomness import id_keys
from pipeline.modalities.images.stress.corruptions import CORRUPTIONS, STRENGTHS, corrupt

KEYS = id_keys(["a", "b", "c"])


def photos(channels: int) -> np.ndarray:
    """Three smooth images with an edge, 24 x 32."""
    y, x = np.mgrid[0:24, 0:32] / 32
    images = [np.sin(3 * x + n) * 60 + 50 * y + 100 + 50 * (x > y) for n in range(3)]
    return np.repeat(np.stack(images)[..., None], channels, 3).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_images_stay_images_and_change_more_with_strength(name, channels):
    images = photos(channels)
    before = images.copy()
    changes = []
    for strength in STRENGTHS:
        corrupted = corrupt(images, KEYS, name, strength)
        assert (corrupted.shape, corrupted.dtype) == (images.shape, np.uint8)
        changes.append(np.abs(corrupted.astype(int) - images).mean())
    assert 0 < changes[0] < changes[1] < changes[2]
    assert np.array_equal(images, before), "the images themselves are left as they are"


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_happens_to_an_image_depends_on_its_id_alone(name):
    images = photos(3)
    together = corrupt(images, KEYS, name, 3)
    alone = [corrupt(images[n : n + 1], KEYS[n : n + 1], name, 3)[0] for n in range(3)]
    assert np.array_equal(together, np.stack(alone))


@pytest.mark.parametrize("name", ["noise", "impulse"])
def test_noise_is_another_for_each_image(name):
    same = np.repeat(photos(3)[:1], 3, 0)
    one, other, _ = corrupt(same, KEYS, name, 5)
    assert not np.array_equal(one, other)


def test_values():
    grey = np.full((1, 50, 50, 1), 100, np.uint8)
    key = KEYS[:1]
    noisy = corrupt(grey, key, "noise", 3).astype(float)
    assert noisy.std() == pytest.approx(0.08 * 255, rel=0.1)
    assert noisy.mean() == pytest.approx(100, abs=2)
    salted = corrupt(grey, key, "impulse", 5)
    assert set(np.unique(salted)) == {0, 100, 255}
    assert (salted != 100).mean() == pytest.approx(0.07, abs=0.02)
    assert (corrupt(grey, key, "brightness", 5) == 176).all()  # 100 + 76.5, to the even
    assert (corrupt(grey, key, "contrast", 5) == 100).all()
    half = np.concatenate([grey, grey + 100], 1)
    assert set(np.unique(corrupt(half, key, "contrast", 3))) == {130, 170}


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (8, 8)])
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_tiny_images_can_be_corrupted(name, size):
    images = np.full((3, *size, 1), 99, np.uint8)
    for strength in STRENGTHS:
        assert corrupt(images, KEYS, name, strength).shape == images.shape
