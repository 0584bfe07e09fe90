"""Screening of pairs in blocks: the same as each pair at each shift, one after the other."""

import numpy as np

from pipeline.modalities.images.compare.pair_keys import pack
from pipeline.modalities.images.compare.screening import (
    GROUP,
    LENGTH,
    MIN_CORRELATION,
    _whole_details,
    screen_pairs,
)
from tests.support.photos import photos

NUM = 80
SIDE = 24


def some_pairs() -> tuple[np.ndarray, ...]:
    """Photos in an order, and pairs of their places: all of some, more than a GROUP of one."""
    images = photos(NUM, side=SIDE)
    images[40:60] = images[:20, :, ::-1]
    images[60:70] = np.roll(images[:10], 2, axis=2)
    rows = np.random.default_rng(1).permutation(NUM)[:-3]
    first, second = np.triu_indices(len(rows), 1)
    chosen = (first % 3 != 2) & (second != 5)  # not every image is in a pair
    first, second = np.repeat([first[chosen], second[chosen]], 2, axis=1)
    mirrored = np.tile([False, True], chosen.sum())
    assert np.bincount(first)[0] > 2 * GROUP
    return images, rows, first, second, mirrored


def one_by_one(images, rows, first, second, mirrored) -> np.ndarray:
    details = np.concatenate([_whole_details(images, row[None]) for row in rows]).astype(np.int64)
    most = 2  # 3 / 32 of SIDE
    passed = []
    for a, b, turned in zip(first, second, mirrored, strict=True):
        padded = np.pad(details[a, :, ::-1] if turned else details[a], most)
        products = [
            (padded[y : y + SIDE, x : x + SIDE] * details[b]).sum()
            for y in range(2 * most + 1)
            for x in range(2 * most + 1)
        ]
        passed.append(max(products) >= MIN_CORRELATION * LENGTH**2)
    return np.array(passed)


def test_pairs_pass_alike_in_blocks_of_any_size():
    images, rows, *pairs = some_pairs()
    expected = one_by_one(images, rows, *pairs)
    assert 20 < expected.sum() < len(expected) / 2
    keys = pack(*pairs)
    for block, at_once in [(32768, 65536), (len(rows), 1000), (39, 100), (7, 65536), (1, 300)]:
        assert np.array_equal(screen_pairs(images, rows, keys, block, at_once), expected)


def test_no_details_are_computed_but_of_images_in_pairs(monkeypatch):
    images, rows = photos(30), np.arange(30)
    described: list[int] = []

    def details(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
        described.extend(rows.tolist())
        return _whole_details(images, rows)

    monkeypatch.setattr("pipeline.modalities.images.compare.screening._whole_details", details)
    keys = pack([2, 2, 9], [5, 28, 11], [0, 1, 0])
    screen_pairs(images, rows, keys)
    assert described == [2, 5, 9, 11, 28]
    described.clear()
    screen_pairs(images, rows, keys, block=3)  # 2, 5, 9 and 11, 28
    assert described == [2, 5, 9, 11, 28]


def test_there_may_be_no_pairs():
    keys = np.empty(0, np.int64)
    assert screen_pairs(photos(3), np.arange(3), keys).tolist() == []
    assert screen_pairs(photos(3), np.arange(0), keys).tolist() == []
