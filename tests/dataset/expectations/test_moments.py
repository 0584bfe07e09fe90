"""Means and spreads in groups of rows, and how many groups there are."""

import numpy as np
import pandas as pd
import pytest

from pipeline.dataset.expectations.moments import lone_share, moments, num_groups
from tests.support.profiles import NAMES, frame


def test_moments_are_those_of_each_group():
    table = frame(100)
    codes = np.arange(100) % 3
    codes[codes == 1] = 3
    found = moments(table, codes, 4, NAMES)
    assert found.num.tolist() == [34, 0, 33, 33]
    for position, name in enumerate(NAMES):
        rows = table[name].to_numpy()[codes == 2]
        assert found.mean[2, position] == pytest.approx(rows.mean())
        assert found.std[2, position] == pytest.approx(rows.std(), abs=1e-6)
    assert np.isnan(found.mean[1]).all()


def test_groups_are_counted_with_those_who_have_none():
    table = pd.DataFrame({"group": pd.Series(["a", "a", None, "b", None], dtype="str")})
    assert num_groups(table) == 4


def test_examples_of_a_group_count_as_one():
    table = frame(100)
    table["group"] = [f"burst {row // 10}" for row in range(100)]
    assert lone_share(table) == 0.1
    assert lone_share(table[:0]) == 0
