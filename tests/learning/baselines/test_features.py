"""Inputs of any shard become finite features, by what train has alone."""

import numpy as np
import pytest

from pipeline.learning.baselines.features import MAX_FEATURES, Features

RANDOM = np.random.default_rng(0)
NUM = 50
INPUTS = {
    "numbers": {"numbers": RANDOM.normal(5, 3, (NUM, 4)).astype(np.float32)},
    "codes": {"categories": RANDOM.integers(0, 5, (NUM, 3)).astype(np.int32)},
    "pictures": {"x": RANDOM.integers(0, 256, (NUM, 20, 30, 3), np.uint8)},
    "series": {"x": RANDOM.normal(size=(NUM, 24)).astype(np.float32)},
}


@pytest.mark.parametrize("kind", INPUTS)
def test_features_are_standardised(kind):
    features = Features.of(INPUTS[kind])
    found = features(INPUTS[kind])
    assert found.shape[0] == NUM
    assert 0 < found.shape[1] <= MAX_FEATURES
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(found.std(0), 1, atol=1e-6)
    again = Features.from_arrays(features.arrays())
    assert np.array_equal(again(INPUTS[kind]), found)


def test_pictures_are_means_over_cells():
    assert Features.of(INPUTS["pictures"])(INPUTS["pictures"]).shape[1] == 8 * 8 * 3
    small = {"x": INPUTS["pictures"]["x"][:, :8, :8]}
    assert Features.of(small)(small).shape[1] == 8 * 8 * 3


def test_what_is_missing_counts_as_the_mean_and_says_so():
    numbers = INPUTS["numbers"]["numbers"].copy()
    numbers[:10, 1] = np.nan
    features = Features.of({"numbers": numbers})
    found = features({"numbers": numbers})
    assert found.shape[1] == 5  # one says where the second is missing
    assert np.isfinite(found).all()
    assert (found[:10, 1] == 0).all()
    assert set(found[:, 4] > 0) == {True, False}


def test_codes_that_train_does_not_have_are_none_of_those_it_has():
    features = Features.of(INPUTS["codes"])
    unknown = features({"categories": np.full((1, 3), 99, np.int32)})
    assert (unknown < 0).all()


def test_huge_numbers_stay_finite():
    features = Features.of(INPUTS["numbers"])
    assert np.isfinite(features({"numbers": np.full((1, 4), 1e38, np.float32)})).all()
