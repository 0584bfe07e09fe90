"""Where a change is concentrated: what the changed examples are more often than others.

A value is named when its share among the changed exceeds its share of all by more than chance makes
of it: when so many out of as many examples, drawn at random, come about in at most ALPHA of all
cases, whichever of the values it may be (a binomial test with Bonferroni's correction).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

ALPHA = 0.001
NEGLIGIBLE = 1e-12


class Concentration(NamedTuple):
    """A value that the changed examples have more often."""

    column: str
    value: str
    share: float
    """Among the changed."""
    share_of_all: float


def concentration(
    column: str, changed: Mapping[str, int], everything: Mapping[str, int]
) -> Concentration | None:
    """The value of a column that exceeds its share the most; None where none does."""
    num_changed, num_all = sum(changed.values()), sum(everything.values())
    found = []
    for value, count in changed.items():
        share, usual = count / num_changed, everything.get(value, 0) / max(1, num_all)
        usual = min(1.0, max(usual, 1 / max(1, num_all)))
        if chance_of(count, num_changed, usual) * len(everything) <= ALPHA:
            found.append(Concentration(column, value, share, usual))
    return max(found, key=lambda one: (one.share - one.share_of_all, one.value), default=None)


def chance_of(count: int, num: int, share: float) -> float:
    """How likely at least `count` of `num` are of a kind that has a `share` of all."""
    if count <= num * share or share >= 1:
        return 1.0
    log = math.lgamma(num + 1) - math.lgamma(count + 1) - math.lgamma(num - count + 1)
    term = math.exp(log + count * math.log(share) + (num - count) * math.log1p(-share))
    total = 0.0
    for more in range(count, num + 1):  # each term is smaller than the one before
        total += term
        term *= (num - more) / (more + 1) * share / (1 - share)
        if term <= NEGLIGIBLE * total:
            break
    return min(1.0, total)
