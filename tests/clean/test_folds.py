"""Folds in time: a network learns from what lies before what it is asked about, alone."""

import numpy as np
import pytest

from pipeline.clean.folds import NO_FOLD, folds_in_time, folds_of
from pipeline.dataset.splits.rule import SplitRule

NUM = 100
TIMES = np.random.default_rng(0).permutation(NUM).astype(np.int64)
ALL = np.ones(NUM, bool)
OWNERS = [f"example {n}" for n in range(NUM)]
RULE = SplitRule(by="time", val=50, test=90)


@pytest.mark.parametrize("num_folds", [2, 3, 9])
def test_no_network_learns_from_what_comes_later(num_folds):
    folds = folds_in_time(OWNERS, TIMES, ALL, RULE, num_folds)
    assert sorted(folds.learnt) == list(range(num_folds))
    for fold, learnt in folds.learnt.items():
        asked = folds.asked == fold
        assert TIMES[learnt].max() + 1 == TIMES[asked].min()  # all that was there, and no more
        assert asked.sum() >= NUM // (num_folds + 1)
    first = folds.asked == NO_FOLD
    assert TIMES[first].max() < TIMES[~first].min()


@pytest.mark.parametrize(
    ("gaps", "left_out"), [({"horizon": 3}, 3), ({"horizon": 3, "embargo": 4}, 7)]
)
def test_horizon_and_embargo_hold_between_folds(gaps, left_out):
    folds = folds_in_time(OWNERS, TIMES, ALL, SplitRule(by="time", val=50, test=90, **gaps), 3)
    for fold, learnt in folds.learnt.items():
        assert TIMES[folds.asked == fold].min() - TIMES[learnt].max() == left_out + 1


def test_groups_are_whole():
    """Of a person who is asked about, nothing is learnt from earlier years either."""
    owners = [f"person {time % 7}" if time % 4 == 0 else f"example {time}" for time in TIMES]
    folds = folds_in_time(owners, TIMES, ALL, RULE, 3)
    names = np.array(owners)
    for fold, learnt in folds.learnt.items():
        assert not {*names[learnt]} & {*names[folds.asked == fold]}
        assert TIMES[learnt].max() < TIMES[folds.asked == fold].min()


def test_groups_that_go_on_through_all_periods_leave_it_to_time():
    folds = folds_in_time([f"ticker {time % 2}" for time in TIMES], TIMES, ALL, RULE, 3)
    for fold, learnt in folds.learnt.items():
        assert TIMES[learnt].max() + 1 == TIMES[folds.asked == fold].min()


def test_examples_without_a_time_are_in_no_fold():
    has_time = ALL.copy()
    has_time[:10] = False
    folds = folds_in_time(OWNERS, TIMES, has_time, RULE, 3)
    assert (folds.asked[:10] == NO_FOLD).all()
    assert not any(learnt[:10].any() for learnt in folds.learnt.values())


def test_one_time_for_all_makes_no_folds():
    assert folds_in_time(OWNERS, np.zeros(NUM, np.int64), ALL, RULE, 3).learnt == {}


def test_without_time_all_other_folds_are_learnt_from():
    folds = folds_of(TIMES % 3)
    for fold, learnt in folds.learnt.items():
        assert np.array_equal(learnt, fold != TIMES % 3)
