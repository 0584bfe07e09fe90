"""What changed examples have in common is named when chance does not explain it."""

import numpy as np
import pytest
from scipy import stats

from pipeline.commands.diff.concentration import Concentration, chance_of, concentration

ALL = {"cat": 500, "dog": 9500}


def test_a_label_that_is_most_of_the_change():
    assert concentration("label", {"cat": 30, "dog": 10}, ALL) == Concentration(
        "label", "cat", 0.75, 0.05
    )


@pytest.mark.parametrize("changed", [{}, {"cat": 1}, {"dog": 40}, {"cat": 3, "dog": 37}])
def test_what_chance_makes_is_not_named(changed):
    assert concentration("label", changed, ALL) is None


def test_random_changes_are_rarely_named():
    """At most in one of 1,000 cases for a column, whatever its values."""
    random = np.random.default_rng(0)
    shares = np.array([0.5, 0.3, 0.1, 0.05, 0.05])
    everything = {str(n): int(1e6 * share) for n, share in enumerate(shares)}
    named = 0
    for _ in range(2000):
        counts = random.multinomial(200, shares)
        changed = {str(n): int(count) for n, count in enumerate(counts) if count}
        named += concentration("label", changed, everything) is not None
    assert named <= 6


def test_values_that_were_not_there_before():
    found = concentration("source", {"new": 50, "old": 1}, {"old": 1000})
    assert found is not None
    assert (found.value, round(found.share, 2)) == ("new", 0.98)


@pytest.mark.parametrize(("count", "num", "share"), [(5, 10, 0.1), (100, 1000, 0.05), (7, 7, 0.3)])
def test_the_chance_is_that_of_the_binomial_distribution(count, num, share):
    assert chance_of(count, num, share) == pytest.approx(stats.binom.sf(count - 1, num, share))
    assert chance_of(0, num, share) == 1
