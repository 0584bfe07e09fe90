"""Keys of pairs: as many numbers as pairs, in the same order."""

import numpy as np
import pytest

from pipeline.modalities.images.compare.pair_keys import pack, sort_distinct, unpack

LARGEST = 2**31 - 1


@pytest.mark.parametrize("num", [0, 1, 1000])
def test_keys_are_sorted_as_pairs_are(num):
    random = np.random.default_rng(0)
    first, second = random.choice([0, 1, 2, 70_000, LARGEST], (2, num))
    mirrored = random.random(num) < 0.5
    keys = pack(first, second, mirrored)
    assert keys.dtype == np.int64
    for part, again in zip((first, second, mirrored), unpack(keys), strict=True):
        assert np.array_equal(part, again)
    distinct = np.unique(np.stack([first, second, mirrored], 1), axis=0)
    assert np.array_equal(np.stack(unpack(sort_distinct(keys)), 1), distinct)


def test_places_may_be_of_32_bits():
    places = np.array([LARGEST], np.int32)
    assert pack(places, places, [True]).tolist() == [2**63 - 1]
