"""Distances of means and frequencies from those of an accepted profile, or of another split.

A change counts when it is more than sampling error (SIGMAS standard errors), and its size is given
in units that mean the same for any data: standard deviations of a measurement, or shares. A rule
decides whether it is too large. Examples of one group may be alike, so for sampling error a group
counts as one example.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.expectations.moments import Moments, num_groups
from pipeline.dataset.expectations.rules import MIN_COMPARED, Rule, rule, since_profile, unjudged

SIGMAS = 4.5  # with some hundred comparisons a run, chance alone exceeds it once in a thousand runs
SMALLEST_UNIT = 1e-6

Profile = Mapping[str, Any]
"""The content of data/profile.json, see validate/profile.py; and while data are compared, KEPT."""
KEPT = "kept"
"""Key of the share of the profile's examples that are still there as they were, 0 to 1."""


def shift_of(
    now: Moments, mean: NDArray[np.float64], inverse: NDArray[np.float64], unit: Any
) -> NDArray[np.float64]:
    """How far means `(G, F)` are from others, in `unit`; 0 where chance may explain it.

    NaN where there are fewer than MIN_COMPARED examples, or there is no other mean.
    `inverse` is that of the sizes of both, see `inverse_size`, shape `(G,)`.
    """
    with np.errstate(invalid="ignore"):
        # Of few examples none may have what is rare: their own spread is 0 then.
        error = np.maximum(now.std, unit) * np.sqrt(inverse)[:, None]
        change = np.abs(now.mean - mean)
        known = (inverse <= 2 / MIN_COMPARED)[:, None]
        moved = np.where(change > SIGMAS * error, change / unit, 0.0)
        shift: NDArray[np.float64] = np.where(known & np.isfinite(change), moved, np.nan)
    return shift


def largest(shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest shift in each of G groups, `(G,)`; NaN where none is known."""
    largest: NDArray[np.float64] = np.fmax.reduce(shift, axis=1)
    return largest


def inverse_size(num: Any, num_before: Any, kept: float = 0.0) -> Any:
    """The variance of a difference of two means, in units of that of a single value.

    Means of data that have grown differ by the new examples alone. So if the share `kept` of the
    earlier examples is among the later ones, twice the covariance of both means is subtracted,
    except where examples are too few to estimate a mean.
    """
    num, num_before = np.maximum(num, 1), np.maximum(num_before, 1)
    apart = 1 / num + 1 / num_before
    shared = np.minimum(kept * num_before, num)
    grown = apart - 2 * shared / (num * num_before)
    return np.where(apart <= 2 / MIN_COMPARED, grown, apart)


def inverse_size_since(before: Profile, num: Any) -> Any:
    """`inverse_size` of `num` groups now and the groups of the profile."""
    return inverse_size(num, before["groups"], before.get(KEPT, 0.0))


def unit_before(before: Profile, features: Sequence[str]) -> NDArray[np.float64]:
    """Standard deviations of the features; where they are constant, a hundredth of their size.

    NaN for features that the profile does not know.
    """
    std = np.array([before.get(f"{name}.std", np.nan) for name in features])
    mean = np.array([before.get(f"{name}.mean", np.nan) for name in features])
    unit: NDArray[np.float64] = np.maximum(std, np.maximum(0.01 * np.abs(mean), SMALLEST_UNIT))
    return unit


def lone_share_before(before: Profile) -> float:
    """The `lone_share` of the examples of the profile."""
    return float(before["groups"] / max(before["examples"], 1))


def divergence_by_chance(inverse: float, num_values: int) -> float:
    """What the Kullback-Leibler divergence of two samples of the same hardly exceeds, in nats.

    Twice the divergence, over the `inverse_size` of both, follows chi-squared (Wilks 1938); its
    tail by Wilson and Hilferty (1931).
    """
    freedom = max(num_values - 1, 1)
    spread = 2 / (9 * freedom)
    tail = freedom * (1 - spread + SIGMAS * np.sqrt(spread)) ** 3
    return float(tail / 2 * inverse)


def as_frequent(
    says: str,
    column: str,
    counts: Mapping[str, int],
    table: pd.DataFrame,
    before: Profile,
    max_drift: float,
) -> Rule:
    """The rule that values of a column are as frequent as in the profile, which has `counts`."""
    if not counts:
        return since_profile(unjudged(says, "the profile counts none"))
    total = sum(counts.values())
    by_chance = divergence_by_chance(inverse_size_since(before, num_groups(table)), len(counts))
    return since_profile(
        rule(
            says,
            "expect_column_kl_divergence_to_be_less_than",
            "warning",
            column=column,
            partition_object={
                "values": list(counts),
                "weights": [number / total for number in counts.values()],
            },
            # The divergence of two normal distributions that are max_drift deviations apart.
            threshold=max(max_drift**2 / 2, by_chance),
        )
    )
