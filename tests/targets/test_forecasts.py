"""The test of Diebold and Mariano, and blocks of times that stay together."""

import numpy as np
import pytest

from pipeline.targets.forecasts import block_length, block_owners, diebold_mariano

TIMES = np.arange(400, dtype=np.int64)


def test_blocks_are_of_consecutive_times():
    owners = block_owners(TIMES[::-1] * 10, horizon=20)
    assert len(np.unique(owners)) == 20
    assert (np.diff(owners) <= 0).all()
    assert block_length(1000, 1) == 10


def test_independent_differences_give_about_the_t_of_a_mean():
    random = np.random.default_rng(0)
    losses = random.normal(size=400)
    others = losses + random.normal(0.1, 1, size=400)
    found = diebold_mariano(losses, others, TIMES, 1)
    d = losses - others
    assert found == pytest.approx(d.mean() / (d.std() / np.sqrt(400)), abs=0.6)
    assert found < 0
    assert diebold_mariano(others, losses, TIMES, 1) == pytest.approx(-found)


def test_with_one_lag_it_is_newey_and_west_by_hand():
    d = np.array([1.0, 2.0, 4.0, 3.0])
    centred = d - d.mean()
    variance = (centred @ centred + 2 * 2 / 3 * (centred[1:] @ centred[:-1])) / 4
    variance += 2 * 1 / 3 * (centred[2:] @ centred[:-2]) / 4
    expected = d.mean() / np.sqrt(variance / 4)
    assert diebold_mariano(d, np.zeros(4), TIMES[:4], 1) == pytest.approx(expected)


def test_differences_that_hang_together_are_less_sure():
    """Noise that lasts 20 days: in 200 draws |t| > 1.96 far less often than a plain t test."""
    random = np.random.default_rng(0)
    robust = plain = 0
    for _ in range(200):
        d = np.repeat(random.normal(size=20), 20)
        robust += abs(diebold_mariano(d, np.zeros(400), TIMES, 20)) > 1.96
        plain += abs(d.mean() / (d.std() / np.sqrt(400))) > 1.96
    assert robust < 60 < 120 < plain


def test_alike_forecasts_and_few_times():
    assert np.isnan(diebold_mariano(np.ones(5), np.ones(5), TIMES[:5], 1))
    assert np.isnan(diebold_mariano(np.ones(2), np.zeros(2), TIMES[:2], 1))
