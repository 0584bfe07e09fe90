"""A row for each user: whether it behaves as people do."""

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.rules import Rule, at_most, each
from pipeline.modalities.interactions.content.events import DIFFERENT, OF_USER
from pipeline.modalities.interactions.content.usual import has_one_item, times_usual

MAX_TIMES = 10.0
MAX_OF_ONE_ITEM = 0.01  # of the users


def user_table(table: pd.DataFrame) -> pd.DataFrame:
    """Columns: id; times_usual (how many times as many events as 95 % of the users have); one_item
    (whether there are several events, all of one item)."""
    found = table[["group", OF_USER, DIFFERENT]].drop_duplicates("group")
    found = found[found["group"].notna()].rename(columns={"group": "id"})
    counts = found[OF_USER].to_numpy(np.float64)
    # Each user stands here once, not once for each event.
    usual = times_usual(np.repeat(counts, counts.clip(1).astype(np.int64)))
    first = np.cumsum(counts.clip(1).astype(np.int64)) - counts.clip(1).astype(np.int64)
    one_item = has_one_item(counts, found[DIFFERENT].to_numpy(np.float64))
    return pd.DataFrame(
        {"id": found["id"].to_numpy(object), "times_usual": usual[first], "one_item": one_item}
    )


def user_rules() -> list[Rule]:
    says = "no user has ten times as many events as 95 % of them"
    alone = "hardly a user has several events of one item alone"
    return [
        at_most(says, "times_usual", MAX_TIMES),
        each(alone, "one_item", False, "warning", mostly=1 - MAX_OF_ONE_ITEM),
    ]
