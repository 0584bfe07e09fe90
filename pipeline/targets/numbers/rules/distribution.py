"""Rules about the distribution of numbers in val and test, and since a profile."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.drift import (
    SIGMAS,
    SMALLEST_UNIT,
    Profile,
    inverse_size,
    largest,
    lone_share_before,
    shift_of,
)
from pipeline.dataset.expectations.moments import lone_share, moments
from pipeline.dataset.expectations.rules import (
    MEAN_BETWEEN,
    MIN_COMPARED,
    Rule,
    at_most,
    rule,
    since_profile,
    unjudged,
)
from pipeline.dataset.table import SPLITS
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.rules import LabelTable

QUANTILES = {"q05": 0.05, "q50": 0.5, "q95": 0.95}


def profile(
    table: pd.DataFrame, features: Sequence[str], target: TargetIndex
) -> dict[str, int | float]:
    """Keys `target.mean`, `target.std` and some quantiles."""
    values = table["label"].to_numpy(np.float64)
    quantiles = np.quantile(values, list(QUANTILES.values()), method="nearest").tolist()
    return {
        "target.mean": float(values.mean()),
        "target.std": float(values.std()),
        **{f"target.{name}": q for name, q in zip(QUANTILES, quantiles, strict=True)},
    }


def drift_rules(table: pd.DataFrame, before: Profile, settings: Any) -> list[Rule]:
    """Rules that the mean is as in the profile, up to `max_drift` standard deviations or chance,
    and the standard deviation, up to that share of it or chance."""
    if "target.mean" not in before:
        says = "numbers are as large as in the profile"
        return [since_profile(unjudged(says, "the profile knows nothing of them"))]
    mean, std = before["target.mean"], before["target.std"]
    unit = max(std, 0.01 * abs(mean), SMALLEST_UNIT)
    num, num_before = len(table) * lone_share(table), before["examples"] * lone_share_before(before)
    values = table["label"].to_numpy(np.float64)
    spread = max(float(values.std()), std)
    by_chance = SIGMAS * spread * math.sqrt(inverse_size(num, num_before))
    allowed = max(settings.max_drift * unit, by_chance)
    # The variance of a variance follows from the fourth moment, which is large for long tails.
    fourth = float(((values - values.mean()) ** 4).mean())
    of_std = math.sqrt(max(fourth - values.var() ** 2, 0)) / (2 * max(spread, SMALLEST_UNIT))
    of_std *= SIGMAS * math.sqrt(inverse_size(num, num_before))
    allowed_std = max(settings.max_drift * unit, of_std)
    found = [
        rule(
            "numbers are as large as in the profile",
            MEAN_BETWEEN,
            "warning",
            column="label",
            min_value=mean - allowed,
            max_value=mean + allowed,
        )
    ]
    if len(table) > 1:
        found.append(
            rule(
                "numbers vary as in the profile",
                "expect_column_stdev_to_be_between",
                "warning",
                column="label",
                min_value=max(0.0, std - allowed_std),
                max_value=std + allowed_std,
            )
        )
    return [since_profile(one) for one in found]


def label_tables(
    table: pd.DataFrame,
    features: Sequence[str],
    target: TargetIndex,
    before: Profile | None,
    settings: Any,
) -> list[LabelTable]:
    """Make a row for each of val and test: the distance of its mean from that of train, in standard
    deviations, if chance does not explain it."""
    codes = np.array([SPLITS.index(split) for split in table["split"]], np.int64)
    found = moments(table, codes, len(SPLITS), ["label"])
    if not found.num.all():
        return []
    unit = max(float(found.std[0, 0]), SMALLEST_UNIT)
    sizes = found.num * lone_share(table)
    shift = shift_of(found, found.mean[:1], inverse_size(sizes, sizes[0]), unit)
    rows = pd.DataFrame({"id": SPLITS[1:], "shift": largest(shift)[1:]})
    says = "numbers of val and test are like those of train"
    needs = f"some {MIN_COMPARED} examples or groups in each split"
    rules = [at_most(says, "shift", settings.max_drift, needs)]
    return [LabelTable(rows, rules, "splits")]
