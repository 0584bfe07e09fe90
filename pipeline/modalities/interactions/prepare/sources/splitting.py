"""Checks of the split of events: rules that are refused, users with too few events, and ties."""

from typing import Any

import numpy as np

from pipeline.dataset.arrays import Rows
from pipeline.modalities.interactions.prepare.sources.histories import Placed
from pipeline.modalities.interactions.prepare.sources.roles import Roles
from pipeline.modalities.interactions.prepare.sources.valid_events import Events
from pipeline.runtime.errors import SourceError


def refuse_split(entry: Any, roles: Roles) -> None:
    rule = entry.split
    if rule.by == "group":
        raise SourceError(
            "split by: group would ask about users of whom nothing is known",
            fix="say split: {by: last} or {by: time} in the catalog entry",
        )
    if rule.horizon or rule.embargo:
        raise SourceError(
            "horizon and embargo are for labels that are decided later; an event is at once",
            fix="leave them out of split: in the catalog entry",
        )
    if roles.time is None and rule.by != "random":
        raise SourceError(
            "events have no time, by which they could be split",
            fix="name the column under columns: time:, or say split: {by: random}, which flatters",
        )


def say_ties(events: Events, placed: Placed, entry: Any) -> list[str]:
    """Sentences about users in train alone, and about users whose last events are at one time, so
    that a hash decides which is the last."""
    if entry.split.by in ("time", "random"):
        return []
    sentences = []
    asked = np.flatnonzero(placed.splits > 0)
    if few := len(events.user_names) - len(np.unique(events.users[asked])):
        what = "1 user has" if few == 1 else f"{few} users have"
        sentences.append(f"{what} too few events to hold some back: in train alone")
    first = np.full(len(events.user_names), len(events.users))
    np.minimum.at(first, events.users[asked], asked)
    last = _row_before(events.users)
    tied = 0
    for row in first[first < len(events.users)].tolist():
        before = last[row]
        tied += before >= 0 and events.times[before] == events.times[row]
    if tied:
        what = "1 user has the" if tied == 1 else f"{tied} users have their"
        sentences.append(f"{what} last events at one time: a hash of ids orders these")
    return sentences


def _row_before(users: Rows) -> Rows:
    """The previous row of the same user, for each row; -1 for none."""
    order = np.argsort(users, kind="stable")
    found = np.full(len(users), -1, np.int64)
    same = users[order][1:] == users[order][:-1]
    found[order[1:][same]] = order[:-1][same]
    return found
