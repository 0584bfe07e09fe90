"""A row for each user: whether it behaves as people do."""

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.rules import Rule, at_most
from pipeline.modalities.interactions.content.events import OF_USER
from pipeline.modalities.interactions.content.usual import times_usual

MAX_TIMES = 10.0


def user_table(table: pd.DataFrame) -> pd.DataFrame:
    """Columns: id; times_usual (how many times as many events as 95 % of the users have)."""
    found = table[["group", OF_USER]].drop_duplicates("group")
    found = found[found["group"].notna()].rename(columns={"group": "id"})
    counts = found[OF_USER].to_numpy(np.float64)
    # Each user stands here once, not once for each event.
    usual = times_usual(np.repeat(counts, counts.clip(1).astype(np.int64)))
    first = np.cumsum(counts.clip(1).astype(np.int64)) - counts.clip(1).astype(np.int64)
    return pd.DataFrame({"id": found["id"].to_numpy(object), "times_usual": usual[first]})


def user_rules() -> list[Rule]:
    says = "no user has ten times as many events as 95 % of them"
    return [at_most(says, "times_usual", MAX_TIMES)]
