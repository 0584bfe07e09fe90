"""Events lie within the life of their items, and in order; users have enough of them."""

import numpy as np
import pandas as pd
import pytest

from pipeline.modalities.interactions.checks.event_tables import (
    ACTIVITY,
    ACTIVITY_SPREAD,
    YEAR,
    data_table,
    event_table,
    is_apart,
    item_table,
)

DAY = np.timedelta64(1, "D")
START = np.datetime64("2024-01-01", "us")


def events(*rows: tuple[str, str, int, str]) -> pd.DataFrame:
    """Of users, items, days since START, and splits."""
    users, items, days, splits = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "id": [f"e{number}" for number in range(len(rows))],
            "group": users,
            "label": items,
            "time": START + np.array(days) * DAY,
            "split": splits,
            "num_of_user": [users.count(user) for user in users],
        }
    )


def ordinal(day: int) -> int:
    return int((START + day * DAY).astype(np.int64))


def test_an_event_before_or_after_its_item_is_named():
    table = events(
        ("a", "new", 3, "train"), ("a", "new", 8, "train"), ("a", "gone", 8, "train"),
        ("b", "gone", 2, "train"), ("b", "undated", 900, "train"),
    )  # fmt: skip
    lives = {"new": [ordinal(5), None], "gone": [None, ordinal(7)]}
    found, rules = event_table(table, {"lives": lives})
    assert found.loc[found["before_item"], "id"].tolist() == ["e0"]
    assert found.loc[found["after_item"], "id"].tolist() == ["e2"]
    assert [rule.column for rule in rules] == ["before_item", "after_item"]


def test_what_is_asked_comes_after_what_is_known():
    table = events(
        ("a", "x", 1, "train"), ("a", "y", 5, "train"), ("a", "z", 4, "val"),
        ("a", "w", 6, "test"), ("b", "x", 0, "val"),
    )  # fmt: skip
    found, _ = event_table(table, {"split_by": "last"})
    assert found.loc[found["out_of_order"], "id"].tolist() == ["e2"]
    assert event_table(table, {"split_by": "random"})[1] == []


@pytest.mark.parametrize(
    ("years", "expected"),
    [
        ([*np.linspace(0, 4, 19), 9.5], True),
        ([-6, *np.linspace(0, 4, 19)], True),
        ([*np.linspace(0, 4, 19), 5.5], False),  # more than a year, but less than its life
        ([*np.linspace(0, 0.1, 19), 1], False),  # less than a year
        ([*np.linspace(0, 1, 10), *np.linspace(9, 10, 10)], False),  # it came again
    ],
)
def test_an_item_is_judged_by_its_other_events(years, expected):
    assert is_apart(np.array(years) * YEAR) == expected


def test_items_of_few_events_are_not_judged():
    rows = [(f"u{n}", "much", 10 * n, "train") for n in range(12)]
    found, (rule,) = item_table(events(*rows, ("u1", "much", 3000, "train"), *rows[:3]))
    assert found.to_dict("records") == [{"id": "much", "apart": True}]
    assert rule.column == "apart"
    found, _ = item_table(events(("u1", "little", 0, "train"), ("u2", "little", 4000, "train")))
    assert found.empty


def test_the_source_says_what_rows_cannot():
    table = events(*[("a", f"i{n}", n, "train") for n in range(4)], ("b", "i1", 9, "train"))
    options = {"repeats": 0.06, "unlisted": 0.5}
    found, rules = data_table(table, options, None, 0.1)
    (row,) = found.to_dict("records")
    assert row == {"id": "events", "repeats": 0.06, "unlisted": 0.5, "of_a_user": 2.5}
    assert [rule.column for rule in rules] == ["repeats", "unlisted", "of_a_user"]
    before = {ACTIVITY: 3.0, ACTIVITY_SPREAD: 0.01, "groups": 100}
    found, rules = data_table(table, options, before, 0.1)
    assert rules[-1].about == "profile"
    assert found["moved"].item() > 0.1
