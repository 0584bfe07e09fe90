"""Which items are popular: what is expected of val and test, and of the data since a profile."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.distances import (
    FORMULAS,
    total_variation,
    variation_by_chance,
)
from pipeline.dataset.expectations.drift import SIGMAS, Profile
from pipeline.dataset.expectations.rules import (
    BETWEEN,
    Rule,
    at_most,
    rule,
    since_profile,
    unjudged,
)
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.rules import LabelTable

NUM_COUNTED = 200
"""The most popular items, of which a profile has counts."""
KEY = "item."
MAX_COLD = 0.5
"""Of the events of val or test, whose items train does not have."""


def profile(
    table: pd.DataFrame, features: Sequence[str], target: TargetIndex
) -> dict[str, int | float]:
    """Keys `item.<id>` of the most popular items, and of the number of the others together."""
    counts = table["label"].value_counts().sort_index(kind="stable")
    most = counts.sort_values(ascending=False, kind="stable")[:NUM_COUNTED]
    found = {f"{KEY}{id}": int(number) for id, number in sorted(most.items())}
    return {"items.different": len(counts), **found}


def drift_rules(table: pd.DataFrame, before: Profile, settings: Any) -> list[Rule]:
    says = f"items are as popular as in the profile ({FORMULAS['total variation']})"
    known = {key.removeprefix(KEY): n for key, n in before.items() if key.startswith(KEY)}
    if not known:
        return [since_profile(unjudged(says, "the profile knows nothing of them"))]
    counts = table["label"].value_counts()
    now = np.array([int(counts.get(id, 0)) for id in known])
    then = np.array(list(known.values()))
    others = len(table) - now.sum(), before["examples"] - then.sum()
    moved = total_variation(np.append(now, others[0]), np.append(then, max(others[1], 0)))
    by_chance = variation_by_chance(len(table), before["examples"], len(known) + 1, SIGMAS)
    allowed = max(settings.max_drift, by_chance)
    # The distance is of the whole table; a rule about it needs a column.
    holds = rule(says, BETWEEN, "warning", column="popularity_moved", max_value=allowed)
    table["popularity_moved"] = moved
    return [since_profile(holds)]


def splits_table(table: pd.DataFrame, target: TargetIndex) -> list[LabelTable]:
    """A row for each of val and test: the share of events whose items train does not have."""
    splits = table["split"].astype(str).to_numpy()
    labels = table["label"].astype(str).to_numpy()
    known = {*labels[splits == "train"].tolist()}
    rows = []
    for split in ("val", "test"):
        own = labels[splits == split]
        cold = [label not in known for label in own.tolist()]
        rows.append({"id": split, "cold": float(np.mean(cold)) if cold else 0.0})
    rules = [at_most("half the items of val and test are in train", "cold", MAX_COLD)]
    return [LabelTable(pd.DataFrame(rows), rules, "splits")]
