"""Images come to one shape by the policy; those of that shape stay as they are."""

import numpy as np
import pytest

from pipeline.modalities.images.content.decoding import decode
from pipeline.modalities.images.encode.pixels import decode_all, resize

POLICIES = ["squash", "crop", "pad"]


def halves(height: int, width: int) -> np.ndarray:
    """Left half 50, right half 200."""
    image = np.full((height, width, 1), 50, np.uint8)
    image[:, width // 2 :] = 200
    return image


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_of_the_shape_stays_as_it_is(policy, channels):
    image = noise(6, 9, channels)
    assert (resize(image, 6, 9, channels, policy) == image).all()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (2, 31), (31, 2), (8, 8), (64, 48), (7, 13), (300, 1)])
def test_every_shape_comes_to_the_shape(policy, channels, shape):
    image = noise(*shape, 4 - channels)
    resized = resize(image, 8, 10, channels, policy)
    assert (resized.shape, resized.dtype) == ((8, 10, channels), np.uint8)


def test_squash_keeps_both_halves_and_ignores_the_aspect_ratio():
    resized = resize(halves(8, 32), 8, 8, 1, "squash")[:, :, 0]
    assert (resized[:, :2] == 50).all()
    assert (resized[:, 6:] == 200).all()


def test_crop_fills_the_frame_from_the_middle():
    image = np.full((8, 24, 1), 10, np.uint8)
    image[:, 8:16] = noise(8, 8, 1)
    assert (resize(image, 8, 8, 1, "crop") == image[:, 8:16]).all()
    assert (resize(image.swapaxes(0, 1), 8, 8, 1, "crop") == image[:, 8:16].swapaxes(0, 1)).all()


def test_pad_keeps_all_and_leaves_black_around():
    image = noise(4, 8, 3)
    resized = resize(image, 8, 8, 3, "pad")
    assert (resized[2:6] == image).all()
    assert (resized[:2] == 0).all()
    assert (resized[6:] == 0).all()


@pytest.mark.parametrize("policy", ["squash", "crop"])
@pytest.mark.parametrize("shape", [(3, 5), (40, 30), (8, 9), (17, 1)])
def test_a_flat_image_stays_flat(policy, shape):
    image = np.full((*shape, 3), (10, 20, 30), np.uint8)
    assert (resize(image, 8, 10, 3, policy) == (10, 20, 30)).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_reducing_is_antialiased(policy):
    stripes = np.tile(np.array([0, 255], np.uint8), (32, 16))[:, :, None]
    inner = resize(stripes, 8, 8, 1, policy)[:, 1:-1]
    assert abs(inner.astype(int) - 127).max() <= 2


def test_channels_are_converted():
    grey = noise(4, 4, 1)
    assert (resize(grey, 4, 4, 3, "squash") == grey).all()
    red = np.full((1, 1, 3), (255, 0, 0), np.uint8)
    assert resize(red, 1, 1, 1, "squash").tolist() == [[[76]]]


def test_decoding_keeps_order_and_is_black_where_there_is_no_image(png):
    encoded = [png(0), None, png(1), png(2)]
    images = decode_all(encoded, (4, 4, 1), "squash")
    assert (images[1] == 0).all()
    for image, data in zip(images, encoded, strict=True):
        assert data is None or (image == decode(data)).all()
    assert decode_all([], (4, 4, 1), "squash").shape == (0, 4, 4, 1)
