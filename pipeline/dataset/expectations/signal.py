"""Rules on the label signal: how well measurements predict labels (protocols/rules.py)."""

import math
from dataclasses import replace

import pandas as pd

from pipeline.dataset.expectations.drift import (
    SIGMAS,
    Profile,
    inverse_size,
    lone_share_before,
)
from pipeline.dataset.expectations.moments import lone_share
from pipeline.dataset.expectations.rules import (
    MEAN_BETWEEN,
    Rule,
    rule,
    since_profile,
    unjudged,
)

SIGNAL_MAX_EXAMPLES = 20_000
SIGMAS_OF_CHANCE = 3


def signal_bounds(
    table: pd.DataFrame, chance: float, before: Profile | None, max_drift: float
) -> tuple[float, float | None]:
    """Lower bounds of the mean of label_signal: from chance, and from a profile that has it."""
    signal = table["label_signal"]
    deviation = float(signal.std(ddof=0))
    num = int(signal.notna().sum()) * lone_share(table)
    by_chance = chance + SIGMAS_OF_CHANCE * deviation / math.sqrt(num)
    if before is None or "label_signal" not in before:
        return by_chance, None
    num_before = min(before["examples"], SIGNAL_MAX_EXAMPLES) * lone_share_before(before)
    error = SIGMAS * deviation * math.sqrt(inverse_size(num, num_before))
    lost = max(max_drift * (before["label_signal"] - chance), error)
    return by_chance, before["label_signal"] - lost


def signal_rules(
    table: pd.DataFrame, chance: float, before: Profile | None, max_drift: float, advice: str
) -> list[Rule]:
    """Rules about the column label_signal; `advice` is what a signal of mere chance means."""
    by_chance, by_profile = signal_bounds(table, chance, before, max_drift)
    rules = [replace(_mean_signal("labels have to do with the examples", by_chance), advice=advice)]
    if before is None:
        return rules
    says = "labels fit the examples as in the profile"
    if by_profile is None:
        return [*rules, since_profile(unjudged(says, "the profile has no label signal"))]
    return [*rules, since_profile(_mean_signal(says, by_profile))]


def _mean_signal(says: str, least: float) -> Rule:
    return rule(says, MEAN_BETWEEN, "warning", column="label_signal", min_value=least)
