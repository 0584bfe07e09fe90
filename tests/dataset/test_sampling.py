"""Rows that stand for many."""

import numpy as np

from pipeline.dataset.sampling import sample_rows


def test_a_sample_of_rows_is_spread_and_follows_no_period():
    assert sample_rows(5, 5).tolist() == [0, 1, 2, 3, 4]
    rows = sample_rows(60_000, 2000)
    assert len(rows) > 1990
    assert np.abs(np.histogram(rows, 20, (0, 60_000))[0] - 100).max() <= 5
    for period in (2, 3, 10, 30):
        counts = np.bincount(rows % period, minlength=period)
        assert counts.min() > 0.7 * 2000 / period
