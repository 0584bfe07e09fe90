"""What chance alone may do."""

import numpy as np

from pipeline.dataset.expectations.drift import divergence_by_chance


def test_the_divergence_of_samples_of_the_same_stays_below_chance():
    random = np.random.default_rng(0)
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    num, num_before = 500, 2000
    limit = divergence_by_chance(num, num_before, len(shares))
    largest = 0.0
    for _ in range(20_000):
        p = np.maximum(random.multinomial(num, shares), 1e-9) / num
        q = random.multinomial(num_before, shares) / num_before
        largest = max(largest, float((p * np.log(p / q)).sum()))
    assert limit / 3 < largest < limit
