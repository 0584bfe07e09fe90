"""Near duplicates: altered copies are found, and what only looks alike is not."""

import io
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from pipeline.modalities.images.compare.near_duplicates import find_pairs
from tests.support.photos import photos

NUM = 120


def recompressed(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, "JPEG", quality=40)
    return np.asarray(Image.open(file)).reshape(image.shape)


def shifted(image: np.ndarray) -> np.ndarray:
    return np.pad(image, ((2, 0), (0, 2), (0, 0)))[:-2, 2:]


def brighter(image: np.ndarray) -> np.ndarray:
    return (image * 1.2).clip(0, 255).astype(np.uint8)


def paler(image: np.ndarray) -> np.ndarray:
    return (image * 0.8 + 25).astype(np.uint8)


def mirrored(image: np.ndarray) -> np.ndarray:
    return image[:, ::-1]


def all_of_it(image: np.ndarray) -> np.ndarray:
    return recompressed(brighter(shifted(mirrored(image))))


def pairs(images: np.ndarray, ranks: np.ndarray | None = None) -> list[tuple[int, int]]:
    rows = np.arange(len(images))
    found = find_pairs(images, rows, np.zeros_like(rows) if ranks is None else ranks)
    assert ((found.similarity > 0.5) & (found.similarity <= 1)).all()
    return list(zip(found.first.tolist(), found.second.tolist(), strict=True))


ALTERED = [recompressed, shifted, brighter, paler, mirrored, all_of_it]
KINDS = [*((alter, 32, 3) for alter in ALTERED), (recompressed, 32, 1)]
KINDS += [pytest.param(all_of_it, 64, 3, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("alter", "side", "channels"), KINDS)
def test_altered_copies_are_found_and_nothing_else(alter, side, channels):
    images = photos(NUM, side=side, channels=channels)
    sources = [3, 50, 119]
    copies = np.stack([alter(images[row]) for row in sources])
    assert pairs(np.concatenate([images, copies])) == [
        (source, NUM + place) for place, source in enumerate(sources)
    ]


@pytest.mark.slow  # 10 s
def test_digits_have_no_near_duplicates_and_a_recompressed_one_at_28_pixels_is_found():
    digits = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)
    assert pairs(digits[..., None]) == []
    larger = np.stack(
        [np.asarray(Image.fromarray(digit).resize((28, 28), Image.BICUBIC)) for digit in digits]
    )[..., None]
    copy = recompressed(larger[7])[None]
    assert pairs(np.concatenate([larger, copy])) == [(7, len(digits))]


def test_images_without_structure_are_no_duplicates():
    """Plain skies, a little noisy, and gradients; some photos beside them."""
    random = np.random.default_rng(0)
    skies = np.full((40, 32, 32, 3), 180) + random.integers(0, 3, (40, 32, 32, 3))
    slopes = np.linspace(100, 200, 32)[None, :, None, None] + random.normal(0, 5, (20, 1, 1, 3))
    slopes = np.broadcast_to(slopes, (20, 32, 32, 3))
    images = np.concatenate([photos(NUM), skies, slopes]).astype(np.uint8)
    assert pairs(images) == []


def test_every_split_is_searched_for_its_own_however_many_copies_there_are():
    """Twelve copies of a test image in train: more than are looked at within a split."""
    original = photos(1, seed=1)
    copies = (
        [brighter(original[0])] * 4 + [recompressed(original[0])] * 4 + [paler(original[0])] * 4
    )
    noise = np.random.default_rng(0).integers(0, 3, (12, 32, 32, 3)).astype(np.uint8)
    images = np.concatenate([original, np.stack(copies) // 2 + noise, photos(NUM)])
    ranks = np.array([0] + [1] * (len(images) - 1))
    found = pairs(images, ranks)
    assert {(0, copy) for copy in range(1, 13)} <= set(found)
    assert max(b for _, b in found) == 12


def test_rows_that_are_left_out_are_in_no_pair():
    images = photos(NUM)
    images[9] = brighter(images[4])
    images[8] = brighter(images[4])
    found = find_pairs(images, np.delete(np.arange(NUM), 8), np.zeros(NUM, np.int64))
    assert (found.first.tolist(), found.second.tolist()) == ([4], [9])


@pytest.mark.parametrize("num", [0, 1, 2])
def test_there_may_be_next_to_no_images(num):
    images = photos(2)[:num]
    assert pairs(images) == []


def test_tiny_images_are_not_compared():
    images = np.random.default_rng(0).integers(0, 256, (40, 7, 30, 1)).astype(np.uint8)
    images[9] = images[3] ^ 1
    assert pairs(images) == []


def test_the_same_images_give_the_same_bytes():
    images = np.concatenate([photos(NUM), photos(NUM)[:30, :, ::-1]])
    rows = np.arange(len(images))
    first, again = (find_pairs(images, rows, 0 * rows) for _ in range(2))
    assert len(first.first) == 30
    assert [a.tobytes() for a in first] == [b.tobytes() for b in again]


def test_a_bar_sees_every_search_through():
    images = photos(30)
    rows = np.arange(30)
    steps: list[int] = []
    totals: list[int] = []

    @contextmanager
    def progress(total: int):
        totals.append(total)
        yield SimpleNamespace(update=steps.append)

    ranks = np.repeat([0, 2], 15)
    found = find_pairs(images, rows, ranks, progress)
    assert totals == [sum(steps)]
    assert sum(steps) == 2 * (15 + 15 + 15)  # each split in itself, train in test; plain, mirrored
    assert np.array_equal(found.first, find_pairs(images, rows, ranks).first)
