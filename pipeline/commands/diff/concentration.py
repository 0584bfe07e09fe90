"""Where a change is concentrated: what the changed examples are more often than others.

A value is named when its share among the changed exceeds its share of all by more than chance would
make of it: by DEVIATIONS standard deviations of a sample of that size.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

DEVIATIONS = 3.0


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
    if not num_changed or not num_all:
        return None
    found = []
    for value, count in changed.items():
        share, usual = count / num_changed, min(1.0, everything.get(value, 0) / num_all)
        deviation = math.sqrt(max(usual * (1 - usual), 1 / num_all) / num_changed)
        if share - usual > DEVIATIONS * deviation:
            found.append(Concentration(column, value, share, usual))
    return max(found, key=lambda one: (one.share - one.share_of_all, one.value), default=None)
