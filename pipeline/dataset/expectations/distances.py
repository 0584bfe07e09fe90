"""Distances between two distributions, as functions over arrays, each with its formula."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.integer] | NDArray[np.floating]

FORMULAS = {
    "total variation": "half the sum of |p - q| over all values, 0 to 1",
    "population stability": "the sum of (p - q) ln(p / q) over all values, 0 and more",
}


def shares(counts: Counts) -> NDArray[np.float64]:
    """Counts as shares of their sum; zeros where there is none."""
    return np.asarray(counts / max(float(counts.sum()), 1.0), np.float64)


def total_variation(now: Counts, before: Counts) -> float:
    """Half the sum of |p - q|: the largest difference in the share of any set of values.

    Args:
        now: counts of K values, `(K,)`; `before` likewise.
    """
    return float(np.abs(shares(now) - shares(before)).sum() / 2)


def population_stability(now: Counts, before: Counts) -> float:
    """The sum of (p - q) ln(p / q); half a row is added to each count, so that none is 0."""
    p, q = shares(now + 0.5), shares(before + 0.5)
    return float(((p - q) * np.log(p / q)).sum())


def variation_by_chance(num: float, num_before: float, num_values: int, sigmas: float) -> float:
    """A bound that the total variation of two samples of one distribution hardly exceeds.

    The mean of each |p - q| is at most sqrt(2 p (1 - p) / (pi m)) with 1 / m the sum of the inverse
    sizes, largest for equal shares; the spread of the sum is at most sqrt(1 / m) / 2.
    """
    inverse = 1 / max(num, 1) + 1 / max(num_before, 1)
    mean = np.sqrt(max(num_values - 1, 1) * inverse / (2 * np.pi))
    return float(min(1.0, mean + sigmas * np.sqrt(inverse) / 2))
