"""Candidates are read as they were kept, and only for images of the same shape."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.modalities.images.compare.near_duplicates import find_pairs, update_pairs
from pipeline.modalities.images.compare.reuse import (
    NAME,
    candidates_key,
    find_pairs_again,
    keep_candidates,
    read_candidates,
)
from pipeline.runtime.cache import CACHE
from tests.support.photos import photos


def found_among(num: int):
    return update_pairs(photos(max(num, 1)), np.arange(num), np.zeros(num, np.int64), None)[1]


@pytest.mark.parametrize("num", [0, 30])
def test_what_was_kept_last_is_read(here, num):
    keep_candidates(found_among(20), "before")
    found = found_among(num)
    keep_candidates(found, "a key")
    again = read_candidates("a key")
    assert again is not None
    for one, other in zip(found, again, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()
    assert again.num_shared(found) == num
    assert len(list((CACHE / NAME).iterdir())) == 1


def test_where_nothing_was_kept_or_by_another_key_nothing_is_known(here):
    assert read_candidates("a key") is None
    keep_candidates(found_among(30), "a key")
    assert read_candidates("another") is None


def test_what_is_damaged_says_nothing(here):
    keep_candidates(found_among(30), "a key")
    [path] = (CACHE / NAME).iterdir()
    content = path.read_bytes()
    for place in np.random.default_rng(0).choice(len(content), 200, replace=False).tolist():
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        assert read_candidates("a key") is None
    path.write_bytes(content[:100])
    assert read_candidates("a key") is None


def test_a_disk_without_room_is_no_harm(here):
    CACHE.parent.mkdir()
    CACHE.touch()
    keep_candidates(found_among(3), "a key")
    assert read_candidates("a key") is None


def test_a_key_is_of_the_shape_of_images():
    keys = {candidates_key(shape) for shape in ((32, 32, 3), (32, 32, 1), (16, 32, 3))}
    assert len(keys) == 3
    assert candidates_key((32, 32, 3)) in keys


def test_the_next_run_finds_the_same_and_knows_which_images_the_last_had_searched(here):
    images = photos(100)
    images = np.concatenate([images, images[:20] // 2 + 60])
    ranks = np.arange(120) // 100
    steps: list[int] = []

    @contextmanager
    def progress(total: int):
        yield SimpleNamespace(update=steps.append)

    first, known = find_pairs_again(images, np.arange(110), ranks, progress)
    assert known == 0
    again, known = find_pairs_again(images, np.arange(120), ranks, progress)
    assert known == 110
    alone = find_pairs(images, np.arange(120), ranks)
    assert len(alone.first) > len(first.first) > 0
    for one, other in zip(again, alone, strict=True):
        assert np.array_equal(one, other)
