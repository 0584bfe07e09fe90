"""Near duplicates from what the last run found: to the bit what a search among all finds."""

import numpy as np
import pytest

from pipeline.modalities.images.compare.candidates import (
    KEY_BYTES,
    NO,
    NONE,
    NUM_CANDIDATES,
    UNKNOWN,
    YES,
    Candidates,
    find_candidates,
)
from pipeline.modalities.images.compare.descriptors import LENGTH, make_descriptor
from pipeline.modalities.images.compare.near_duplicates import update_pairs
from pipeline.modalities.images.compare.pair_keys import pack, unpack
from pipeline.modalities.images.compare.screening import screen_pairs
from pipeline.modalities.pairs import Pairs
from tests.support.marks import slow
from tests.support.photos import photos

NUM = 90


def some_images() -> tuple[np.ndarray, np.ndarray]:
    """Photos in three splits: few of val, so that lists are not full; many that are a little like
    one another, so that others are; copies, exact to the pixel, mirrored and paler; a flat one."""
    images = photos(NUM)
    images[55:] = images[55:] * 0.5 + images[55] * 0.5
    images[10:20] = images[:10, :, ::-1]
    images[20:30] = (images[:10] * 0.8 + 25).astype(np.uint8)
    images[30:34] = images[:4]
    images[34] = 7
    ranks = np.tile([0, 2, 2, 2], NUM)[:NUM]
    ranks[[5, 12, 21, 30]] = 1
    return images, ranks


def find(
    images: np.ndarray, rows: np.ndarray, ranks: np.ndarray, known: Candidates | None = None
) -> tuple[Pairs, Candidates]:
    return update_pairs(images, np.asarray(rows), ranks, known)


def contents(found: tuple[Pairs, Candidates]) -> list[bytes]:
    return [part.tobytes() for parts in found for part in parts]


@pytest.mark.parametrize("seed", [1, 2, 4, *map(slow, (0, 3, 5))])
def test_after_any_change_all_is_as_from_nothing(seed):
    """Images come, go, change, move to another split and to another place, again and again."""
    random = np.random.default_rng(seed)
    images, ranks = some_images()
    rows = random.permutation(NUM)[:60]
    _, known = find(images, rows, ranks)
    for _ in range(3):
        order = random.permutation(NUM)
        images, ranks = images[order], ranks[order]
        changed = random.choice(NUM, 5, replace=False)
        images[changed[:3]] = images[changed[2:]]
        images[changed[4]] += 1
        moved = random.choice(NUM, 3, replace=False)
        ranks[moved] = random.integers(0, 3, 3)
        rows = random.choice(NUM, random.integers(2, NUM), replace=False)
        again = find(images, rows, ranks, known)
        assert contents(again) == contents(find(images, rows, ranks))
        known = again[1]


def test_there_may_have_been_no_images_and_there_may_be_none():
    images, ranks = some_images()
    everything = find(images, np.arange(NUM), ranks)
    _, none = nothing = find(images, np.arange(1), ranks)
    assert len(none.keys) == 0
    assert contents(find(images, np.arange(NUM), ranks, none)) == contents(everything)
    assert contents(find(images, np.arange(1), ranks, everything[1])) == contents(nothing)


OLD = np.delete(np.arange(NUM), np.arange(25, 30))


def test_what_was_screened_before_is_not_screened_again():
    """Had no pair passed screening in the last run, only those with a new image were found."""
    images, ranks = some_images()
    _, known = find(images, OLD, ranks)
    failed = known._replace(screened=np.where(known.screened == YES, NO, known.screened))
    found, _ = find(images, np.arange(NUM), ranks, failed)
    expected, _ = find(images, np.arange(NUM), ranks)
    new = ~np.isin(expected.first, OLD) | ~np.isin(expected.second, OLD)
    assert 0 < new.sum() < len(new)
    assert found.first.tolist() == expected.first[new].tolist()
    assert found.second.tolist() == expected.second[new].tolist()


def test_who_was_near_is_not_searched_for_again():
    """Had the last run found no neighbours, only new images have some, and are some."""
    images, ranks = some_images()
    _, known = find(images, OLD, ranks)
    empty = known._replace(rows=np.full_like(known.rows, NONE))
    found, _ = find(images, np.arange(NUM), ranks, empty)
    assert len(found.first) > 0
    assert (~np.isin(found.first, OLD) | ~np.isin(found.second, OLD)).all()


def test_of_equally_near_images_those_with_the_lesser_keys_count():
    vectors = np.tile(np.float32([LENGTH, 0]), (NUM, 1))
    ranks = np.zeros(NUM, np.int64)
    keys = np.arange(NUM * KEY_BYTES, dtype=np.uint8).reshape(NUM, KEY_BYTES)
    chosen = np.delete(np.arange(NUM), [0, 7, 40])

    def candidates(rows: np.ndarray, known: Candidates | None) -> Candidates:
        seen = (vectors[rows], vectors[rows])
        return find_candidates(seen, ranks[rows], keys[rows], 0, known, lambda num: None)

    found = candidates(np.arange(NUM), candidates(chosen, None))
    assert found.rows[20, 0, 0].tolist() == list(range(NUM_CANDIDATES))
    expected = candidates(np.arange(NUM), None)
    assert [a.tobytes() for a in found] == [b.tobytes() for b in expected]


def test_lists_name_images_of_their_split_and_no_image_itself():
    images, ranks = some_images()
    _, found = find(images, np.arange(NUM), ranks)
    split = found.keys[:, 19]  # the last byte of its number
    image, rank, _, _ = where = np.nonzero(found.rows != NONE)
    assert (split[found.rows[where]] == rank).all()
    assert (found.rows[where] != image).all()
    assert (rank <= split[image]).all()
    full = (found.rows != NONE).all(3)
    assert full.any(), "full lists should be tried"
    assert not full.all(), "and others"
    assert found.rows.shape == (NUM, 3, 2, NUM_CANDIDATES)


@pytest.mark.parametrize(("side", "channels"), [(32, 3), (64, 3), (28, 1)])
def test_what_is_said_of_an_image_depends_on_no_other(side, channels):
    images = photos(16, side=side, channels=channels)
    images[7] = images[3, :, ::-1]
    descriptor = make_descriptor(images.shape[1:])
    for mirrored in (False, True):
        together = descriptor.describe(images, mirrored)
        assert (together == np.rint(together)).all()
        assert np.abs(np.linalg.norm(together, axis=1) - LENGTH).max() < 4
        alone = [descriptor.describe(images[row : row + 1], mirrored)[0] for row in range(16)]
        assert np.stack(alone).tobytes() == together.tobytes()
    first, second = np.triu_indices(16, 1)
    mirrored = (first + second) % 3 == 1  # so is the pair of 3 and 7
    keys = pack(first, second, mirrored)
    together = screen_pairs(images, np.arange(16), keys)
    alone = [screen_pairs(images, np.arange(16), key)[0] for key in keys[:, None]]
    assert alone == together.tolist()
    assert together[(first == 3) & (second == 7)] == [True]
    assert together.sum() < 10


def pairs_one_by_one(candidates: Candidates, mark: int) -> list[tuple[int, int, int]]:
    pairs = set()
    for image, rank, mirrored, place in np.ndindex(candidates.rows.shape):
        other = int(candidates.rows[image, rank, mirrored, place])
        if other != NONE and candidates.screened[image, rank, mirrored, place] == mark:
            pairs.add((min(image, other), max(image, other), mirrored))
    return sorted(pairs)


@pytest.mark.parametrize("at_once", [1, 7, NUM, 4096])
def test_pairs_are_listed_and_marked_alike_in_blocks_of_any_size(monkeypatch, at_once):
    monkeypatch.setattr("pipeline.modalities.images.compare.candidates.IMAGES_AT_ONCE", at_once)
    images, ranks = some_images()
    _, known = find(images, OLD, ranks)
    cells = np.random.default_rng(0).random(known.rows.shape) < 0.3
    some_unknown = known._replace(screened=np.where(cells, np.int8(UNKNOWN), known.screened))
    asked = []

    def passes(keys: np.ndarray) -> np.ndarray:
        asked.extend(zip(*(part.tolist() for part in unpack(keys)), strict=True))
        return keys % 5 == 0

    again = some_unknown.screen(passes)
    assert asked == pairs_one_by_one(some_unknown, UNKNOWN)
    for mark in (NO, YES):
        listed = zip(*(part.tolist() for part in unpack(again.pairs(mark))), strict=True)
        assert list(listed) == pairs_one_by_one(again, mark)
    image, _, mirrored, _ = where = np.nonzero(some_unknown.rows != NONE)
    other = some_unknown.rows[where]
    keys = pack(np.minimum(image, other), np.maximum(image, other), mirrored)
    was = some_unknown.screened[where]
    assert (again.screened[where] == np.where(was == UNKNOWN, keys % 5 == 0, was)).all()
    assert (again.screened[some_unknown.rows == NONE] == UNKNOWN).all()


def test_nothing_may_be_unknown_and_nothing_may_pass():
    images, ranks = some_images()
    _, known = find(images, OLD, ranks)
    again = known.screen(lambda keys: np.ones(len(keys), bool))
    assert again.screened.tobytes() == known.screened.tobytes()
    none = known._replace(screened=np.full_like(known.screened, UNKNOWN))
    none = none.screen(lambda keys: np.zeros(len(keys), bool))
    assert (none.screened == np.where(known.rows == NONE, UNKNOWN, NO)).all()
