"""What chance alone may do."""

import numpy as np
import pytest

from pipeline.dataset.expectations.drift import divergence_by_chance, inverse_size, shift_of
from pipeline.dataset.expectations.moments import Moments


def test_the_divergence_of_samples_of_the_same_stays_below_chance():
    random = np.random.default_rng(0)
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    num, num_before = 500, 2000
    limit = divergence_by_chance(inverse_size(num, num_before), len(shares))
    largest = 0.0
    for _ in range(20_000):
        p = np.maximum(random.multinomial(num, shares), 1e-9) / num
        q = random.multinomial(num_before, shares) / num_before
        largest = max(largest, float((p * np.log(p / q)).sum()))
    assert limit / 3 < largest < limit


def test_of_grown_data_the_new_examples_alone_are_left_to_chance():
    random = np.random.default_rng(0)
    num_before, num = 700, 1000
    values = random.normal(size=(5000, num))
    differences = values.mean(1) - values[:, :num_before].mean(1)
    assert differences.var() == pytest.approx(inverse_size(num, num_before, kept=1.0), rel=0.1)
    assert inverse_size(num, num_before, kept=1.0) == pytest.approx(1 / num_before - 1 / num)


def test_of_data_that_shrank_those_that_are_left_are_compared():
    assert inverse_size(700, 1000, kept=0.7) == pytest.approx(1 / 700 - 1 / 1000)
    assert inverse_size(700, 1000, kept=1.0) == pytest.approx(1 / 700 - 1 / 1000)


def test_too_few_examples_stay_too_few():
    assert inverse_size(10, 10, kept=1.0) == 0.2


def test_few_examples_without_what_is_rare_have_not_moved():
    rare = Moments(np.array([100]), np.zeros((1, 1)), np.zeros((1, 1)))
    inverse, spread = np.array([1 / 100 + 1 / 1000]), 0.14  # of 2 % ones
    assert shift_of(rare, np.array([0.02]), inverse, spread) == 0
    many = inverse / 100
    assert shift_of(rare, np.array([0.02]), many, spread) == pytest.approx(0.02 / spread)
