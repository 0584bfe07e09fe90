"""Shifts, mirror images, squares and affine maps go where they should, as far as they may."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from pipeline.dataset.randomness import id_keys
from pipeline.modalities.images.encode.settings import (
    Affine,
    AlternatingFlip,
    Cutout,
    Flip,
    Translate,
)
from pipeline.modalities.images.encode.transforms.draws import Draws
from pipeline.modalities.images.encode.transforms.geometry import draw_affine
from pipeline.modalities.images.encode.transforms.resampling import inverse_affine, resample
from tests.support.transform_checks import NUM, noise, versions


def reflected(indices: np.ndarray, size: int) -> np.ndarray:
    indices = abs(indices)
    return np.where(indices < size, indices, 2 * (size - 1) - indices)


def test_translate_shifts_each_way_up_to_its_fraction_and_reflects():
    height, width = 8, 12
    places = np.stack([*np.indices((height, width)), np.zeros((height, width))], -1)
    images = np.tile(places.astype(np.uint8), (NUM, 1, 1, 1))
    shifts = set()
    for seed in range(5):
        shifted = versions(images, Translate(name="translate", fraction=0.25), seed=seed)
        for image in shifted.astype(int):
            y, x = image[4, 6, 0] - 4, image[4, 6, 1] - 6
            assert (image[:, :, 0] == reflected(np.arange(height) + y, height)[:, None]).all()
            assert (image[:, :, 1] == reflected(np.arange(width) + x, width)).all()
            shifts.add((int(y), int(x)))
    # A quarter of 8 and of 12.
    assert shifts == {(y, x) for y in range(-2, 3) for x in range(-3, 4)}


def test_translate_moves_by_a_pixel_at_least():
    images = np.tile(np.array([[10, 20, 30]], np.uint8)[..., None], (NUM, 1, 1, 1))
    shifted = versions(images, Translate(name="translate", fraction=0.01))
    assert set(map(tuple, shifted.reshape(NUM, 3).tolist())) == {
        (20, 10, 20),
        (10, 20, 30),
        (20, 30, 20),
    }


def is_mirrored(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Which images are mirrored; the others must be as they were."""
    mirrored = (after == before[:, :, ::-1]).all((1, 2, 3))
    assert (mirrored ^ (after == before).all((1, 2, 3))).all()
    return mirrored


@pytest.mark.parametrize(("probability", "least", "most"), [(0, 0, 0), (1, 60, 60), (0.5, 15, 45)])
def test_flip_mirrors_its_share_of_images_and_leaves_the_rest(probability, least, most):
    images = noise(4, 5, 3)
    flipped = versions(images, Flip(name="flip", probability=probability))
    assert least <= is_mirrored(flipped, images).sum() <= most


def test_alternating_flip_starts_at_random_and_then_takes_turns():
    images, transform = noise(4, 5, 1), AlternatingFlip(name="alternating_flip")
    first, *others = (is_mirrored(versions(images, transform, copy=n), images) for n in range(1, 6))
    assert 15 <= first.sum() <= 45
    for number, other in enumerate(others):
        assert (other == (first if number % 2 else ~first)).all()
    assert (is_mirrored(versions(images, transform, seed=1), images) != first).any()


@pytest.mark.parametrize(
    ("fraction", "shape", "side"), [(0.5, (8, 10, 3), 4), (0.01, (8, 10, 3), 1), (1, (6, 6, 1), 6)]
)
def test_cutout_blanks_one_whole_square_with_the_mean(fraction, shape, side):
    images = np.where(noise(*shape) % 2, 0, 255).astype(np.uint8)  # nothing is like the mean
    cut = versions(images, Cutout(name="cutout", fraction=fraction))
    places = set()
    for before, after in zip(images, cut, strict=True):
        blank = before != after
        rows, columns = np.flatnonzero(blank.any((1, 2))), np.flatnonzero(blank.any((0, 2)))
        assert blank.sum() == side * side * shape[2]
        assert rows.tolist() == list(range(rows[0], rows[0] + side))
        assert columns.tolist() == list(range(columns[0], columns[0] + side))
        mean = np.rint(before.mean((0, 1)))
        assert (after[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == mean).all()
        places.add((rows[0], columns[0]))
    assert {top for top, _ in places} == set(range(shape[0] - side + 1))
    assert {left for _, left in places} == set(range(shape[1] - side + 1))


PARTS = {
    "rotated": {"angle": 1},
    "sheared": {"shear": 1},
    "scaled": {"scale": 1},
    "shifted": {"right": 1, "down": 1},
    "all": {"angle": 1, "shear": 1, "scale": 1, "right": 1, "down": 1},
}


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("shape", [(32, 32, 3), (9, 14, 1), (1, 3, 3)], ids=str)
@pytest.mark.parametrize("part", PARTS)
def test_affine_maps_are_those_of_torchvision(part, shape, interpolation):
    """Without `fill`, which there blends the outermost line of pixels twice."""
    random, images = np.random.default_rng(1), noise(*shape)
    most = {"angle": 180, "shear": 40, "scale": 0.5, "right": 8, "down": 8}
    given = {name: most[name] * random.uniform(-1, 1, NUM) for name in PARTS[part]}
    given |= {name: given[name].round() for name in ("right", "down") if name in given}
    given["scale"] = 1 + given.get("scale", np.zeros(NUM))
    expected = [
        functional.affine(
            torch.from_numpy(image.transpose(2, 0, 1).copy()),
            angle=one.get("angle", 0.0),
            translate=[one.get("right", 0.0), one.get("down", 0.0)],
            scale=one["scale"],
            shear=[one.get("shear", 0.0), 0.0],
            interpolation=functional.InterpolationMode(interpolation),
        ).numpy()
        for image, one in zip(
            images,
            ({name: float(values[i]) for name, values in given.items()} for i in range(NUM)),
            strict=True,
        )
    ]
    drawn = resample(images, inverse_affine(**given), interpolation, fill=0)
    apart = abs(drawn.astype(int) - np.stack(expected).transpose(0, 2, 3, 1))
    if interpolation == "bilinear":
        assert apart.max() <= 1
    else:  # a pixel half-way between two may come from either
        assert (apart > 0).mean() < 0.001


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_what_comes_from_outside_is_filled(interpolation):
    images = np.full((NUM, 6, 8, 3), 10, np.uint8)
    away = resample(images, inverse_affine(right=np.full(NUM, 2.0), down=3.0), interpolation, 200)
    assert (away[:, :3] == 200).all()
    assert (away[:, :, :2] == 200).all()
    assert (away[:, 3:, 2:] == 10).all()
    assert (
        resample(images, inverse_affine(right=np.full(NUM, 99.0)), interpolation, 77) == 77
    ).all()


def test_nothing_to_do_changes_nothing():
    images = noise(7, 9, 3)
    assert (versions(images, Affine(name="affine")) == images).all()


def test_parameters_of_affine_have_their_ranges_and_means():
    settings = Affine(name="affine", degrees=30, translate=0.25, scale=0.2, shear=10)
    draws = Draws(id_keys(map(str, range(20_000))), seed=0, copy=1, position=0)
    given = draw_affine(draws, settings, height=8, width=16)
    for name, center, most in (
        ("angle", 0, 30),
        ("shear", 0, 10),
        ("scale", 1, 0.2),
        ("right", 0, 4),
        ("down", 0, 2),
    ):
        values = given[name]
        assert abs(values - center).max() <= most
        assert abs(values - center).max() > 0.99 * most
        assert abs(values.mean() - center) < 0.02 * most
    assert set(given["down"]) == {-2, -1, 0, 1, 2}
    independent = abs(np.corrcoef(list(given.values())) - np.eye(len(given)))
    assert independent.max() < 0.03
