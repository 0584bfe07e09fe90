"""Tables of events, of items and of all data, with their rules.

What rows of data/raw do not show is in the options of the source: `split_by`, `repeats`, `unlisted`
and `lives`; see prepare/sources/events.py.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import SIGMAS, Profile
from pipeline.dataset.expectations.gaps import times_as_numbers
from pipeline.dataset.expectations.rules import Rule, at_least, at_most, each, since_profile
from pipeline.modalities.interactions.content.events import OF_USER
from pipeline.modalities.protocols.checks import ContentIndex

MAX_OUTSIDE = 0.002
"""Share of the events: of MovieLens 100K 0.03 % are before the year of their film."""
MAX_APART = 0.1
"""Share of the items: of ml-latest-small 6.5 % have an event long before or after all others."""
MIN_EVENTS, MAX_FAR = 10, 0.05
"""Events of an item that is judged, and the share of them that may lie apart."""
YEAR = 365 * 86400 * 10**6  # microseconds
MAX_REPEATS, MAX_UNLISTED = 0.05, 0.01  # shares of the events
LEAST_EVENTS = 3.0  # of a user in train, on average
ACTIVITY, ACTIVITY_SPREAD = "events activity", "events activity spread"
"""Keys of a profile: mean and standard deviation of the logarithm of a user's number of events."""


def event_table(table: pd.DataFrame, options: ContentIndex) -> tuple[pd.DataFrame, list[Rule]]:
    """A row for each event, and rules: events lie within the life of their item, and those of val
    and test after those of train of the same user."""
    times = times_as_numbers(table["time"])
    found = pd.DataFrame({"id": table["id"]})
    rules = []
    if lives := options.get("lives"):
        begins, ends = _lives_of(table["label"].astype(str).tolist(), lives)
        found["before_item"], found["after_item"] = times < begins, times > ends
        mostly = 1 - MAX_OUTSIDE
        says = "events come after their item is there"
        rules.append(each(says, "before_item", False, "warning", mostly=mostly))
        says = "events come before their item is gone"
        rules.append(each(says, "after_item", False, "warning", mostly=mostly))
    if options.get("split_by") in ("last", "time"):
        found["out_of_order"] = _out_of_order(table, times)
        says = "val and test come after what train has of a user"
        rules.append(each(says, "out_of_order", False, "warning"))
    return found, rules


def _lives_of(items: list[str], lives: dict[str, list[int | None]]) -> tuple[Float64, Float64]:
    known = {
        item: (-np.inf if since is None else since, np.inf if until is None else until)
        for item, (since, until) in lives.items()
    }
    always = (-np.inf, np.inf)
    found = np.array([known.get(item, always) for item in items], np.float64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _out_of_order(table: pd.DataFrame, times: Float64) -> NDArray[np.bool_]:
    users = pd.factorize(table["group"])[0]
    in_train = (table["split"].astype(str) == "train").to_numpy() & (users >= 0)
    last = np.full(users.max(initial=-1) + 2, -np.inf)
    np.maximum.at(last, users[in_train], times[in_train])
    found: NDArray[np.bool_] = ~in_train & (users >= 0) & (times < last[users])
    return found


def item_table(table: pd.DataFrame) -> tuple[pd.DataFrame, list[Rule]]:
    """A row for each item with MIN_EVENTS, and a rule; see `is_apart`."""
    times = times_as_numbers(table["time"])
    items, names = pd.factorize(table["label"].astype(str))
    order = np.lexsort((times, items))
    begins = np.searchsorted(items[order], np.arange(len(names) + 1))
    rows = [
        (name, is_apart(times[order[begin:end]]))
        for name, begin, end in zip(names, begins[:-1], begins[1:], strict=True)
        if end - begin >= MIN_EVENTS
    ]
    found = pd.DataFrame(rows, columns=["id", "apart"])
    says = "items have no event long before or after all their others"
    return found, [each(says, "apart", False, "warning", mostly=1 - MAX_APART)]


def is_apart(times: Float64) -> bool:
    """Whether a few events of an item lie more than a year before or after all others, and farther
    than these lie from each other.

    Args:
        times: of its events, `(N,)`, sorted, in microseconds.
    """
    gaps = np.diff(times)
    few = max(1, int(MAX_FAR * len(times)))
    at = np.arange(len(gaps))
    before = (at < few) & (gaps > times[-1] - times[1:])
    after = (at >= len(gaps) - few) & (gaps > times[:-1] - times[0])
    return bool(((before | after) & (gaps > YEAR)).any())


def data_table(
    table: pd.DataFrame, options: ContentIndex, before: Profile | None, max_drift: float
) -> tuple[pd.DataFrame, list[Rule]]:
    """One row for all events, and rules."""
    row: dict[str, Any] = {"id": "events"}
    rules = []
    if "repeats" in options:
        row["repeats"] = options["repeats"]
        rules.append(at_most("hardly an event is there twice", "repeats", MAX_REPEATS))
    if "unlisted" in options:
        row["unlisted"] = options["unlisted"]
        says = "hardly an event is of an item that the table of items lacks"
        rules.append(at_most(says, "unlisted", MAX_UNLISTED))
    in_train = table[table["split"].astype(str) == "train"]
    row["of_a_user"] = len(in_train) / max(1, in_train["group"].nunique())
    says = f"users have at least {LEAST_EVENTS:g} events in train on average"
    rules.append(at_least(says, "of_a_user", LEAST_EVENTS))
    if before is not None and ACTIVITY_SPREAD in before:
        row["moved"] = _moved(activity(table), before)
        says = "users have as many events as in the profile (logarithm, in deviations)"
        rules.append(since_profile(at_most(says, "moved", max_drift)))
    return pd.DataFrame([row]), rules


def activity(table: pd.DataFrame) -> Float64:
    """The logarithm of the number of events of each user, since a few have many."""
    found: Float64 = np.log1p(table.drop_duplicates("group")[OF_USER].to_numpy(np.float64))
    return found


def _moved(now: Float64, before: Profile) -> float:
    """The distance of the means, in standard deviations, beyond what chance may do."""
    spread = max(float(now.std()), before[ACTIVITY_SPREAD], 1e-3)
    by_chance = SIGMAS * np.sqrt(1 / max(1, len(now)) + 1 / max(1, before["groups"]))
    return float(max(abs(now.mean() - before[ACTIVITY]) / spread - by_chance, 0.0))
