"""Distances of distributions, against their formulas and against chance."""

import numpy as np
import pytest

from pipeline.dataset.expectations.distances import (
    population_stability,
    total_variation,
    variation_by_chance,
)

NOW, BEFORE = np.array([30, 50, 20]), np.array([10, 10, 20])


def test_total_variation_is_half_the_sum_of_differences():
    p, q = NOW / 100, BEFORE / 40
    assert total_variation(NOW, BEFORE) == pytest.approx(np.abs(p - q).sum() / 2)
    assert total_variation(NOW, 3 * NOW) == 0
    assert total_variation(np.array([5, 0]), np.array([0, 5])) == 1
    assert total_variation(np.array([0, 0]), np.array([0, 0])) == 0


def test_population_stability_is_symmetric_and_finite():
    assert population_stability(NOW, BEFORE) > 0
    assert population_stability(NOW, NOW) == 0
    assert np.isfinite(population_stability(np.array([5, 0]), np.array([0, 5])))
    many = population_stability(NOW * 10_000, BEFORE * 10_000)
    p, q = NOW / 100, BEFORE / 40
    assert many == pytest.approx(((p - q) * np.log(p / q)).sum(), rel=1e-3)


@pytest.mark.parametrize(("num", "num_values"), [(50, 2), (500, 10), (5000, 60)])
def test_two_samples_of_the_same_hardly_exceed_what_chance_does(num, num_values):
    random = np.random.default_rng(0)
    limit = variation_by_chance(num, num, num_values, sigmas=4.5)
    found = [
        total_variation(
            *(random.multinomial(num, np.full(num_values, 1 / num_values)) for _ in "ab")
        )
        for _ in range(300)
    ]
    assert max(found) < limit
    assert limit < 7 * np.mean(found)
