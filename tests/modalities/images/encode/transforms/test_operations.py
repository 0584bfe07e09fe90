"""Operations on colour are those of torchvision v2, to one grey level."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from pipeline.modalities.images.encode.transforms import operations
from tests.support.transform_checks import NUM, noise

OPERATIONS: dict[str, tuple[Callable, Callable, tuple[float, float]]] = {
    "brightness": (operations.brightness, functional.adjust_brightness, (0, 2)),
    "contrast": (operations.contrast, functional.adjust_contrast, (0, 2)),
    "saturation": (operations.saturation, functional.adjust_saturation, (0, 2)),
    "hue": (operations.hue, functional.adjust_hue, (-0.5, 0.5)),
    "sharpness": (operations.sharpness, functional.adjust_sharpness, (0, 2)),
    "posterize": (
        operations.posterize,
        lambda image, bits: functional.posterize(image, int(bits)),
        (0, 8),
    ),
    "solarize": (operations.solarize, functional.solarize, (0, 255)),
    "autocontrast": (
        lambda images, _: operations.autocontrast(images),
        lambda image, _: functional.autocontrast(image),
        (0, 1),
    ),
    "equalize": (
        lambda images, _: operations.equalize(images),
        lambda image, _: functional.equalize(image),
        (0, 1),
    ),
}
MAY_DIFFER = {
    "contrast",
    "saturation",
    "hue",
    "sharpness",
}  # by one level, where floats round otherwise
SHAPES = [(32, 32, 3), (32, 32, 1), (5, 9, 3), (1, 1, 3), (2, 40, 1)]


def flat_images(*shape: int) -> np.ndarray:
    """Of one colour each, from black to white."""
    values = np.linspace(0, 255, NUM).round()[:, None] + [0, 7, 0][: shape[2]]
    return np.tile(values.clip(0, 255).astype(np.uint8)[:, None, None], (1, *shape[:2], 1))


@pytest.mark.parametrize("make", [noise, flat_images])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_that_of_torchvision(name, shape, make):
    ours, theirs, (low, high) = OPERATIONS[name]
    images, amounts = make(*shape), np.linspace(low, high, NUM)
    if name == "posterize":
        amounts = amounts.round()
    expected = np.stack(
        [
            theirs(torch.from_numpy(image.transpose(2, 0, 1).copy()), float(amount)).numpy()
            for image, amount in zip(images, amounts, strict=True)
        ]
    ).transpose(0, 2, 3, 1)
    before = images.copy()
    apart = abs(ours(images, amounts).astype(int) - expected)
    assert apart.max() <= (name in MAY_DIFFER)
    # The grey of a flat image is a sum of two products that may end just below it.
    assert apart.mean() < (0.01 if make is noise else 0.1)
    assert (images == before).all()


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "sharpness"])
def test_a_factor_of_one_changes_nothing(name):
    images = noise(8, 8, 3)
    assert (OPERATIONS[name][0](images, np.ones(NUM)) == images).all()


def test_hue_goes_round():
    red = np.tile(np.array([250, 10, 10], np.uint8), (3, 1, 1, 1))
    assert operations.hue(red, np.array([1, -1, 0.5]) * np.array([1 / 3, 1 / 3, 1])).reshape(
        3, 3
    ).tolist() == [[10, 250, 10], [10, 10, 250], [10, 250, 250]]


def test_each_image_has_its_own_amount():
    images = np.full((3, 2, 2, 1), 100, np.uint8)
    changed = operations.brightness(images, np.array([0.5, 1.0, 2.0]))
    assert changed[:, 0, 0, 0].tolist() == [50, 100, 200]


def test_tables_are_looked_up_by_image_and_by_channel():
    images = noise(4, 5, 3, num=2)
    tables = np.random.default_rng(0).integers(0, 256, (2, 3, 256), dtype=np.uint8)
    by_image = operations.look_up(images, tables[:, 0])
    by_channel = operations.look_up(images, tables)
    for number, image in enumerate(images):
        assert (by_image[number] == tables[number, 0][image]).all()
        for k in range(3):
            assert (by_channel[number, :, :, k] == tables[number, k][image[:, :, k]]).all()
