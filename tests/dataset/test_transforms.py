"""Augmentations stay in their range and are a pure function of (seed, id, copy)."""

import numpy as np
import pytest

from pipeline.dataset.randomness import id_keys
from pipeline.dataset.transforms import TRANSFORMS, augment
from pipeline.runtime.params import Color, Cutout, Flip, Translate

NUM = 60
IDS = [f"id-{number}" for number in range(NUM)]
KEYS = id_keys(IDS)
EVERY = {
    "translate": Translate(name="translate", fraction=0.25),
    "flip": Flip(name="flip", probability=0.5),
    "color": Color(name="color", brightness=0.3, contrast=0.3),
    "cutout": Cutout(name="cutout", fraction=0.5),
}
SHAPES = [(1, 1, 1), (1, 7, 3), (8, 8, 1), (5, 12, 3)]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (NUM, *shape), dtype=np.uint8)


def versions(images, transforms, *, copy=1, seed=0, keys=KEYS):
    return augment(images, keys, copy, transforms=transforms, seed=seed)


def test_every_transform_is_tested():
    assert EVERY.keys() == TRANSFORMS.keys()


def test_copy_0_is_the_original():
    images = noise(8, 8, 3)
    assert versions(images, list(EVERY.values()), copy=0) is images


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", EVERY)
def test_a_version_depends_on_seed_id_and_copy_alone(name, shape):
    images = noise(*shape)
    before = images.copy()
    together = versions(images, [EVERY[name]])
    assert (together.shape, together.dtype) == (images.shape, np.uint8)
    assert (images == before).all()
    alone = [
        versions(images[i : i + 1], [EVERY[name]], keys=KEYS[i : i + 1])[0] for i in range(NUM)
    ]
    assert (together == np.stack(alone)).all()
    assert (together[::-1] == versions(images[::-1], [EVERY[name]], keys=KEYS[::-1])).all()


@pytest.mark.parametrize("name", EVERY)
def test_another_seed_id_copy_or_place_makes_another_version(name):
    images, one = noise(8, 8, 3), EVERY[name]
    some = [
        versions(images, [one]),
        versions(images, [one], seed=1),
        versions(images, [one], copy=2),
        versions(images, [one], keys=id_keys([f"other-{id}" for id in IDS])),
        versions(images, [Flip(name="flip", probability=0), one]),
    ]
    assert len({version.tobytes() for version in some}) == len(some)


def test_transforms_run_in_their_order():
    images = noise(8, 8, 3)
    flip, cutout = Flip(name="flip", probability=1), EVERY["cutout"]
    cut_second = versions(images, [flip, cutout])
    assert (
        cut_second == versions(images[:, :, ::-1], [Flip(name="flip", probability=0), cutout])
    ).all()
    assert (versions(images, []) == images).all()


def reflected(indices: np.ndarray, size: int) -> np.ndarray:
    indices = abs(indices)
    return np.where(indices < size, indices, 2 * (size - 1) - indices)


def test_translate_shifts_each_way_up_to_its_fraction_and_reflects():
    height, width = 8, 12
    places = np.stack([*np.indices((height, width)), np.zeros((height, width))], -1)
    shifts = set()
    for seed in range(5):
        images = np.tile(places.astype(np.uint8), (NUM, 1, 1, 1))
        for image in versions(images, [EVERY["translate"]], seed=seed).astype(int):
            y, x = image[4, 6, 0] - 4, image[4, 6, 1] - 6
            assert (image[:, :, 0] == reflected(np.arange(height) + y, height)[:, None]).all()
            assert (image[:, :, 1] == reflected(np.arange(width) + x, width)).all()
            shifts.add((int(y), int(x)))
    # A quarter of 8 and of 12.
    assert shifts == {(y, x) for y in range(-2, 3) for x in range(-3, 4)}


def test_translate_moves_by_a_pixel_at_least():
    images = np.tile(np.array([[10, 20, 30]], np.uint8)[..., None], (NUM, 1, 1, 1))
    shifted = versions(images, [Translate(name="translate", fraction=0.01)])
    assert set(map(tuple, shifted.reshape(NUM, 3).tolist())) == {
        (20, 10, 20),
        (10, 20, 30),
        (20, 30, 20),
    }


@pytest.mark.parametrize(("probability", "least", "most"), [(0, 0, 0), (1, 60, 60), (0.5, 15, 45)])
def test_flip_mirrors_its_share_of_images_and_leaves_the_rest(probability, least, most):
    images = noise(4, 5, 3)
    flipped = versions(images, [Flip(name="flip", probability=probability)])
    is_mirrored = (flipped == images[:, :, ::-1]).all((1, 2, 3))
    assert (is_mirrored | (flipped == images).all((1, 2, 3))).all()
    assert least <= is_mirrored.sum() <= most


def test_color_without_range_changes_nothing():
    images = noise(6, 6, 3)
    assert (versions(images, [Color(name="color", brightness=0, contrast=0)]) == images).all()


def test_brightness_multiplies_by_up_to_its_fraction():
    images = np.full((NUM, 3, 3, 1), 100, np.uint8)
    values = versions(images, [Color(name="color", brightness=0.2, contrast=0.9)])
    assert (values == values[:, :1, :1]).all()  # no contrast in a flat image
    assert 80 <= values.min() < 90 < 110 < values.max() <= 120


def test_contrast_stretches_around_the_mean():
    images = np.tile(np.array([80, 120], np.uint8)[:, None], (NUM, 1, 1, 1))
    values = versions(images, [Color(name="color", brightness=0, contrast=0.5)]).astype(int)
    low, high = values.reshape(NUM, 2).T
    assert (low + high == 200).all()
    assert 20 <= (high - low).min() < 30 < 50 < (high - low).max() <= 60


def test_color_clips_at_black_and_white():
    images = np.full((NUM, 2, 2, 1), 250, np.uint8)
    assert versions(images, [Color(name="color", brightness=1, contrast=0)]).max() == 255


@pytest.mark.parametrize(
    ("fraction", "shape", "side"), [(0.5, (8, 10, 3), 4), (0.01, (8, 10, 3), 1), (1, (6, 6, 1), 6)]
)
def test_cutout_blanks_one_whole_square_with_the_mean(fraction, shape, side):
    images = np.where(noise(*shape) < 128, 0, 255).astype(np.uint8)  # nothing is like the mean
    cut = versions(images, [Cutout(name="cutout", fraction=fraction)])
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
