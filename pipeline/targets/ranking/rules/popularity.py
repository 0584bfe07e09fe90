"""Which items are popular: what is expected of val and test, and of the data since a profile."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.distances import (
    FORMULAS,
    total_variation,
    variation_by_chance,
)
from pipeline.dataset.expectations.drift import SIGMAS, Profile
from pipeline.dataset.expectations.rules import at_most, since_profile
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.rules import LabelTable

NUM_COUNTED = 200
"""The most popular items, of which a profile has counts."""
KEY = "item."
MAX_COLD = 0.5
"""The share of events of val or test whose items train may lack."""


def profile(
    table: pd.DataFrame, features: Sequence[str], target: TargetIndex
) -> dict[str, int | float]:
    """Keys `item.<id>` of the most popular items, and of the number of the others together."""
    counts = table["label"].value_counts().sort_index(kind="stable")
    most = counts.sort_values(ascending=False, kind="stable")[:NUM_COUNTED]
    found = {f"{KEY}{id}": int(number) for id, number in sorted(most.items())}
    return {"items.different": len(counts), **found}


def popularity_table(
    table: pd.DataFrame, before: Profile | None, max_drift: float
) -> list[LabelTable]:
    """One row: how far the shares of items have moved since the profile, 0 where chance may do it.

    Nothing without a profile that has counts.
    """
    known = {k.removeprefix(KEY): n for k, n in (before or {}).items() if k.startswith(KEY)}
    if before is None or not known:
        return []
    counts = table["label"].value_counts()
    now = np.array([int(counts.get(id, 0)) for id in known])
    then = np.array(list(known.values()))
    others = len(table) - now.sum(), max(before["examples"] - then.sum(), 0)
    moved = total_variation(np.append(now, others[0]), np.append(then, others[1]))
    groups = max(1, table["group"].nunique())
    by_chance = variation_by_chance(groups, before["groups"], len(known) + 1, SIGMAS)
    rows = pd.DataFrame({"id": ["items"], "moved": [moved if moved > by_chance else 0.0]})
    says = f"items are as popular as in the profile ({FORMULAS['total variation']})"
    return [LabelTable(rows, [since_profile(at_most(says, "moved", max_drift))], "tables")]


def splits_table(table: pd.DataFrame) -> list[LabelTable]:
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
