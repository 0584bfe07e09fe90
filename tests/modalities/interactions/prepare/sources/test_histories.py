"""Splits of events: what is asked is new to the user, and nothing later is known."""

import numpy as np
import pytest

from pipeline.dataset.randomness import id_keys
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import INTEGER
from pipeline.modalities.interactions.prepare.sources.histories import (
    DROPPED,
    TEST,
    TRAIN,
    VAL,
    place_events,
)
from tests.support.interactions import make_world, read_events, write_world

RULES = {
    "last": SplitRule(by="last"),
    "last two": SplitRule(by="last", val=2, test=2),
    "time": SplitRule(by="time", val=70, test=85),
    "random": SplitRule(by="random", val=0.2, test=0.2),
}


def some_events(num: int = 600):
    random = np.random.default_rng(0)
    users, items = random.integers(0, 20, num), random.integers(0, 40, num)
    times = np.sort(random.integers(0, 100, num))
    return users, items, times, id_keys(f"e{row}" for row in range(num))


@pytest.mark.parametrize("name", RULES)
def test_what_is_asked_is_new_to_the_user(name):
    users, items, times, keys = some_events()
    placed = place_events(users, items, times, keys, RULES[name], INTEGER)
    in_train = {*zip(users[placed.splits == TRAIN], items[placed.splits == TRAIN], strict=True)}
    asked = [*zip(users[placed.splits > TRAIN], items[placed.splits > TRAIN], strict=True)]
    assert len({*asked}) == len(asked)
    assert not in_train & {*asked}
    assert (placed.splits == DROPPED).any()
    assert {VAL, TEST} <= {*placed.splits.tolist()}


@pytest.mark.parametrize("name", ["last", "last two", "time"])
def test_nothing_later_is_known(name):
    users, items, times, keys = some_events()
    placed = place_events(users, items, times, keys, RULES[name], INTEGER)
    rows = np.arange(len(users))
    for user in range(20):
        own = users == user
        for earlier, later in ((TRAIN, VAL), (VAL, TEST)):
            before = rows[own & (placed.splits == earlier)]
            after = rows[own & (placed.splits == later)]
            if len(before) and len(after):
                assert before.max() < after.min()


def test_counts_are_of_what_is_known_when_it_is_asked():
    users, items, times, keys = some_events()
    placed = place_events(users, items, times, keys, RULES["last"], INTEGER)
    for row in np.flatnonzero(placed.splits == TEST):
        own = users == users[row]
        assert placed.num_before[row] == (own & np.isin(placed.splits, (TRAIN, VAL))).sum()
        of_item = (items == items[row]) & (placed.splits == TRAIN)
        assert placed.num_of_item[row] == of_item.sum()
    first = np.flatnonzero(placed.splits == TRAIN)[0]
    assert placed.num_before[first] == 0


def test_users_of_whom_nothing_would_be_left_are_in_train():
    users, items = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])
    times = np.arange(5)
    placed = place_events(users, items, times, id_keys("abcde"), RULES["last"], INTEGER)
    assert placed.splits.tolist() == [TRAIN, TRAIN, TRAIN, VAL, TEST]


def test_test_events_hand_over_what_train_does_not_have(tmp_path):
    write_world(tmp_path, make_world(num_users=30))
    read = read_events(
        tmp_path / "events.csv",
        columns={"user": "user", "item": "item", "time": "time", "value": "rating"},
        split={"by": "last"},
    )
    by_split = {split: {} for split in ("train", "val", "test")}
    for event in read.events:
        by_split[event["split"]].setdefault(event["user"], []).append(event)
    for user, (event,) in by_split["test"].items():
        assert event["history"] == [one["item"] for one in by_split["val"][user]]
    assert not any("history" in e for user in by_split["val"].values() for e in user)
    assert read.splits[1:] == [30, 30]


def test_other_events_move_no_event_of_a_user(tmp_path):
    """Splits by the last depend on the user's own events alone."""
    write_world(tmp_path / "all", make_world(num_users=30))
    columns = {"user": "user", "item": "item", "time": "time", "value": "rating"}
    whole = read_events(tmp_path / "all/events.csv", columns=columns)
    lines = (tmp_path / "all/events.csv").read_text().splitlines()
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(line for line in lines if not line.startswith("u00")) + "\n")
    some = read_events(fewer, columns=columns)
    splits = {event["id"]: event["split"] for event in whole.events}
    assert len(some.events) < len(whole.events)
    assert all(splits[event["id"]] == event["split"] for event in some.events)
