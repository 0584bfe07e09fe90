"""The names of targets/protocols/rules.py, for rankings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.dataset.expectations.drift import SIGMAS, Profile
from pipeline.dataset.expectations.rules import MEAN_BETWEEN, NOT_NULL, Rule, rule, since_profile
from pipeline.dataset.expectations.signal import SIGMAS_OF_CHANCE
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.rules import Checksums, LabelTable, Patterns, Signal
from pipeline.targets.ranking.rules.popularity import (
    popularity_table,
    profile,
    splits_table,
)

__all__ = ["profile"]

CHANCE = 1.0
ADVICE = (
    "events are of all items about evenly, as if their ids were drawn at random; see whether "
    "columns: item: names the right column"
)
LABEL = pa.field("item", pa.string())


def row_rules(target: TargetIndex) -> list[Rule]:
    return [rule("every event has an item", NOT_NULL, "critical", "no item", column="label")]


def signal(
    table: pd.DataFrame, patterns: Patterns, checksums: Checksums, target: TargetIndex
) -> Signal | None:
    """How frequent the item of each event is among the others of its half, by two halves.

    The mean is how likely two events are of one item (Simpson 1949), by how likely that would be if
    items were drawn evenly. It falls where ids were shuffled or belong to something else.
    """
    items = table["label"].astype(str).to_numpy()
    if len(items) < 2 or len(np.unique(items)) < 2:
        return None
    half = checksums % 2
    _, codes = np.unique(items, return_inverse=True)
    counts = np.stack([np.bincount(codes[half == h], minlength=codes.max() + 1) for h in (0, 1)])
    other = counts[1 - half, codes] / np.maximum(counts.sum(1)[1 - half], 1)
    return Signal(other * counts.shape[1], CHANCE)


def signal_rules(
    table: pd.DataFrame, target: TargetIndex, before: Profile | None, settings: Any
) -> list[Rule]:
    """Rules of dataset/expectations/signal.py, but each event counts by itself: nobody takes an
    item twice, so that events of one user are more different than others, not more alike."""
    known = table["label_signal"].to_numpy(np.float64)
    num, deviation = len(known), float(known.std())
    by_chance = CHANCE + SIGMAS_OF_CHANCE * deviation / np.sqrt(num)
    says = "some items are taken more often than others"
    rules = [replace(_mean_signal(says, by_chance), advice=ADVICE)]
    if before is None or "label_signal" not in before:
        return rules
    then = before["label_signal"]
    error = SIGMAS * deviation * np.sqrt(1 / num + 1 / max(before["examples"], 1))
    least = then - max(settings.max_drift * (then - CHANCE), error)
    says = "events are of few items as often as in the profile"
    return [*rules, since_profile(_mean_signal(says, least))]


def _mean_signal(says: str, least: float) -> Rule:
    return rule(says, MEAN_BETWEEN, "warning", column="label_signal", min_value=float(least))


def drift_rules(table: pd.DataFrame, before: Profile, settings: Any) -> list[Rule]:
    """How popular items are, is a table; see `label_tables`."""
    return []


def label_tables(
    table: pd.DataFrame,
    features: Sequence[str],
    target: TargetIndex,
    before: Profile | None,
    settings: Any,
) -> list[LabelTable]:
    return [*splits_table(table), *popularity_table(table, before, settings.max_drift)]
