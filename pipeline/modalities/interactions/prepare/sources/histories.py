"""Which split each event is in, and what was known of its user then.

A user and an item are one thing to be found: the first event of the two decides, and later ones
stay as long as they tell nothing of what is asked. Everybody is asked once for a split: what is
known then are the events before it, so of those in test the ones in train and val.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows
from pipeline.dataset.randomness import uniform
from pipeline.dataset.splits.clock import Times, bounds_of_shares
from pipeline.dataset.splits.rule import SplitRule
from pipeline.dataset.splits.times import Ordinals

TRAIN, VAL, TEST = range(3)
DROPPED = -1
"""An item that its user had before, where val and test ask for new ones."""


class Placed(NamedTuple):
    """N events in the order of time."""

    splits: NDArray[np.int8]
    """TRAIN, VAL, TEST or DROPPED."""
    num_before: Rows
    """Events of the user that are known when it is asked, `(N,)`."""
    num_of_user: Rows
    num_different: Rows
    """Different items of the user."""
    num_of_item: Rows
    """Events of the item in train alone."""
    later: dict[int, list[int]]
    """Rows of val by user, which are known in test beside train."""


def place_events(
    users: Rows, items: Rows, times: Ordinals, keys: NDArray[np.uint64], rule: SplitRule, type: str
) -> Placed:
    """Split events, `(N,)` each, which are in the order of time.

    Args:
        keys: of their ids, by which a random split draws.
        type: of the times.
    """
    is_first = first_of_pairs(users, items)
    if rule.by == "time":
        splits = _in_time(times, rule, type)
    elif rule.by == "random":
        splits = _drawn(keys, rule)
    else:
        splits = _last(users, is_first, rule)
    splits = without_had(users, items, is_first, splits)
    later: dict[int, list[int]] = {}
    for row in np.flatnonzero(splits == VAL).tolist():
        later.setdefault(int(users[row]), []).append(row)
    num_users, num_items = int(users.max()) + 1, int(items.max()) + 1
    in_train = splits == TRAIN
    of_user = np.bincount(users[in_train], minlength=num_users)
    of_val = np.bincount(users[splits == VAL], minlength=num_users)
    before = of_user[users] + np.where(splits == TEST, of_val[users], 0)
    before[in_train] = _running(users[in_train])
    in_all = np.bincount(users, minlength=num_users)
    different = np.bincount(users[is_first], minlength=num_users)
    of_item = np.bincount(items[in_train], minlength=num_items)
    return Placed(splits, before, in_all[users], different[users], of_item[items], later)


def first_of_pairs(users: Rows, items: Rows) -> NDArray[np.bool_]:
    """Whether each event is the first of its user and item."""
    pairs = users.astype(np.int64) * (int(items.max(initial=0)) + 1) + items
    found = np.zeros(len(pairs), bool)
    found[np.unique(pairs, return_index=True)[1]] = True
    return found


def without_had(
    users: Rows, items: Rows, is_first: NDArray[np.bool_], splits: NDArray[np.int8]
) -> NDArray[np.int8]:
    """The splits, in which later events of a pair stay in train where its first one is."""
    pairs = users.astype(np.int64) * (int(items.max(initial=0)) + 1) + items
    _, of_pair = np.unique(pairs, return_inverse=True)
    first_split = np.zeros(int(of_pair.max(initial=-1)) + 1, np.int8)
    first_split[of_pair[is_first]] = splits[is_first]
    stays = is_first | ((splits == TRAIN) & (first_split[of_pair] == TRAIN))
    return np.where(stays, splits, DROPPED).astype(np.int8)


def _running(users: Rows) -> Rows:
    """How many events of the same user stand before each."""
    order = np.argsort(users, kind="stable")
    ordered = users[order]
    starts = np.searchsorted(ordered, ordered)
    found = np.empty(len(users), np.int64)
    found[order] = np.arange(len(users)) - starts
    return found


def _in_time(times: Ordinals, rule: SplitRule, type: str) -> NDArray[np.int8]:
    if rule.is_shared:
        val, test = rule.shares
        bounds = bounds_of_shares(Times(type, times), {"val": val, "test": test})
    else:
        bounds = {part: rule.point_of(part) for part in ("val", "test")}
    return np.where(
        times < bounds["val"], TRAIN, np.where(times < bounds["test"], VAL, TEST)
    ).astype(np.int8)


def _drawn(keys: NDArray[np.uint64], rule: SplitRule) -> NDArray[np.int8]:
    val, test = rule.shares
    draw = uniform(keys, 0, "split")
    return np.where(draw < test, TEST, np.where(draw < test + val, VAL, TRAIN)).astype(np.int8)


def _last(users: Rows, is_first: NDArray[np.bool_], rule: SplitRule) -> NDArray[np.int8]:
    """The last new items of each user; all of a user who would have none in train stay there."""
    rows = np.flatnonzero(is_first)
    of_user = np.bincount(users[rows], minlength=int(users.max()) + 1)
    from_end = of_user[users[rows]] - 1 - _running(users[rows])
    num_test, num_val = rule.num_last("test"), rule.num_last("val")
    splits = np.full(len(users), TRAIN, np.int8)
    has_more = of_user[users[rows]] > num_test + num_val
    splits[rows[has_more & (from_end < num_test + num_val)]] = VAL
    splits[rows[has_more & (from_end < num_test)]] = TEST
    is_asked = splits != TRAIN
    begins = np.full(int(users.max()) + 1, len(users))
    np.minimum.at(begins, users[is_asked], np.flatnonzero(is_asked))
    too_late = ~is_first & (np.arange(len(users)) > begins[users])
    splits[too_late] = TEST  # later events of an item had before: they are left out
    return splits
