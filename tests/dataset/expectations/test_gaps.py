"""Examples behind a large gap in time are named, and regular times cause no alarm."""

import numpy as np
import pandas as pd
import pytest

from pipeline.dataset.expectations.gaps import beyond_gap, times_as_numbers


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("num", [50, 200, 5000])
def test_times_drawn_at_random_have_none(seed, num):
    assert not beyond_gap(np.random.default_rng(seed).uniform(0, 1000, num)).any()


def test_the_smaller_side_is_named():
    times = np.array([*range(100), 900.0, 901.0, np.nan])
    assert np.flatnonzero(beyond_gap(times)).tolist() == [100, 101]
    assert np.flatnonzero(beyond_gap(-times)).tolist() == [100, 101]


def test_few_times_say_nothing():
    assert not beyond_gap(np.array([1.0, 2.0, 1e9] * 20)).any()


def test_moments_and_whole_numbers():
    moments = pd.Series(pd.to_datetime(["2020-01-02", None, "1970-01-01"]))
    assert times_as_numbers(moments).tolist()[::2] == [18263 * 86400e6, 0]
    assert np.isnan(times_as_numbers(moments)[1])
    assert times_as_numbers(pd.Series([3, 4], dtype="int64")).tolist() == [3, 4]
