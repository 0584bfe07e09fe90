"""Measurements of known images, and that they depend on nothing else."""

import numpy as np
import pytest

from pipeline.modalities.images.content.measurements import ChannelSums, measure
from tests.support.hostile_images import noise


def measured(*images: np.ndarray) -> list[list]:
    """One list for each image: brightness, contrast, sharpness, phash."""
    found = measure(np.stack(images))
    columns = [c.tolist() for c in (found.brightness, found.contrast, found.sharpness, found.dhash)]
    return [list(values) for values in zip(*columns, strict=True)]


def test_measurements_of_flat_images():
    black, white = np.zeros((10, 10, 1), np.uint8), np.full((10, 10, 1), 255, np.uint8)
    assert measured(black, white) == [[0, 0, 0, 0], [1, 0, 0, 0]]


def test_measurements_of_a_checkerboard():
    board = (np.indices((18, 18)).sum(0) % 2 * 255).astype(np.uint8)[:, :, None]
    # Half is black, half white; every inner pixel differs from its 4 neighbours by 255.
    assert measured(board) == [[0.5, 0.5, 16, 0]]


def test_measurements_of_one_bright_pixel():
    image = np.zeros((3, 4, 1), np.uint8)
    image[1, 1] = 255
    brightness, contrast, sharpness, _ = measured(image)[0]
    assert brightness == np.float32(1 / 12)
    assert contrast == np.float32(np.sqrt(1 / 12 - 1 / 144))
    assert sharpness == 6.25  # the Laplacian is -4 and 1: mean -1.5, variance 2.5 squared


def test_the_hash_asks_of_each_area_whether_it_is_brighter_than_its_right_neighbour():
    falling = np.tile(np.arange(9, dtype=np.uint8)[::-1] * 20, (8, 1))[:, :, None]
    first_row_only = np.zeros_like(falling)
    first_row_only[0] = falling[0]
    hashes = [values[3] for values in measured(falling, falling[:, ::-1], first_row_only)]
    assert hashes == [2**64 - 1, 0, 0xFF << 56]


def test_the_hash_does_not_depend_on_size():
    small = noise(8, 9, 1)
    large = small.repeat(7, 0).repeat(5, 1)
    assert measured(small)[0][3] == measured(large)[0][3]


def test_grey_of_a_colour_is_by_bt_601():
    primaries = [np.full((1, 1, 3), colour, np.uint8) for colour in np.eye(3, dtype=np.uint8) * 255]
    assert [values[0] for values in measured(*primaries)] == [
        np.float32(grey / 255) for grey in (76, 150, 29)
    ]


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (1, 9, 1), (9, 1, 3), (2, 50, 1)])
def test_images_too_small_for_a_laplacian_have_no_sharpness(shape):
    image = noise(*shape)
    brightness, contrast, sharpness, _ = measured(image)[0]
    assert (0 <= brightness <= 1, 0 <= contrast <= 0.5, sharpness) == (True, True, 0)


@pytest.mark.parametrize("shape", [(1, 1, 1), (8, 8, 1), (13, 31, 3), (40, 25, 3)])
def test_measurements_do_not_depend_on_the_other_images(shape):
    images = noise(9, *shape)
    together = measured(*images)
    assert together == [measured(image)[0] for image in images]
    assert together[::-1] == measured(*images[::-1])


def test_channel_sums_are_exact_whatever_the_batches():
    images = noise(30, 5, 4, 3)
    whole = ChannelSums.of(images)
    parts = ChannelSums.none(3)
    for part in (images[:1], images[1:1], images[1:20], images[20:]):
        parts = parts.plus(ChannelSums.of(part))
    assert (parts.num_pixels, parts.total.tolist(), parts.squares.tolist()) == (
        whole.num_pixels,
        whole.total.tolist(),
        whole.squares.tolist(),
    )
    assert whole.total.tolist() == images.sum((0, 1, 2), dtype=np.int64).tolist()
    assert parts.mean_std() == whole.mean_std()


def test_mean_and_deviation_of_known_pixels():
    images = np.array([[[[0, 7]], [[255, 7]]]], np.uint8)
    assert ChannelSums.of(images).mean_std() == ([127.5, 7], [127.5, 0])


def test_sums_of_many_bright_images_are_exact():
    sums = ChannelSums.of(np.full((70_000, 1, 1, 1), 255, np.uint8))
    assert (sums.num_pixels, sums.total.tolist()) == (70_000, [70_000 * 255])
    assert sums.squares.tolist() == [70_000 * 255**2]
