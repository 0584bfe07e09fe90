"""The names of modalities/protocols/checks.py, for interactions."""

from typing import Any

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import Profile
from pipeline.modalities.interactions.checks.event_tables import ACTIVITY as MEAN_ACTIVITY
from pipeline.modalities.interactions.checks.event_tables import (
    ACTIVITY_SPREAD,
    activity,
    data_table,
    event_table,
    item_table,
)
from pipeline.modalities.interactions.checks.user_table import user_rules, user_table
from pipeline.modalities.interactions.content.events import MEASUREMENTS, OF_USER, VALUE, WORDS
from pipeline.modalities.protocols.checks import ColumnTable, ContentIndex, Features

__all__ = ["MEASUREMENTS", "WORDS"]

CONTENT: dict[str, str] = {}
ROW_RULES = ()
ACROSS_SPLITS = ()
AMONG_EXAMPLES = ()
ACTIVITY = "activity"
"""The logarithm of how many events the user has: a few have many."""


def add_row_checks(rows: Any) -> None:
    pass


def add_relations(rows: Any) -> None:
    pass


def features(content: ContentIndex) -> Features:
    return Features([VALUE], [VALUE])


def add_features(table: Any, content: ContentIndex) -> None:
    table[ACTIVITY] = np.log1p(table[OF_USER].to_numpy(np.float64))


def tables(
    table: Any, content: ContentIndex, before: Profile | None, settings: Any
) -> list[ColumnTable]:
    options = content.get("options", {})
    users = user_table(table)
    found = [
        ColumnTable(*data_table(table, options, before, settings.max_drift), "tables"),
        ColumnTable(users, user_rules(), "users"),
    ]
    if "time" in table:
        found.append(ColumnTable(*event_table(table, options), "events"))
        if table["time"].dtype.kind == "M":
            found.append(ColumnTable(*item_table(table), "items"))
    return [about for about in found if len(about.rows) and about.rules]


def profile(table: Any, content: ContentIndex) -> dict[str, int | float]:
    found = activity(table)
    return {
        "events users": int(table["group"].nunique()),
        MEAN_ACTIVITY: float(found.mean()),
        ACTIVITY_SPREAD: float(found.std()),
    }


def patterns(table: Any, content: ContentIndex) -> Float64:
    return np.asarray(table[[ACTIVITY, VALUE]], np.float64)
