"""What was known of earlier labels: nothing later, and only once the horizon has passed."""

import numpy as np
import pytest

from pipeline.dataset.splits.rule import SplitRule
from pipeline.learning.baselines.past import DECAY, past_of

NUM = 60
DAY = 86_400_000_000
Y = np.random.default_rng(0).normal(size=NUM)
TIMES = np.arange(NUM, dtype=np.int64) * DAY
ALL = np.ones(NUM, bool)
NOBODY: list[str | None] = [None] * NUM


def rule(horizon=0) -> SplitRule:
    return SplitRule(by="time", val="2013-01-01", test="2014-01-01", horizon=horizon)


@pytest.mark.parametrize(("horizon", "lag"), [(0, 1), (1, 1), ("1d", 1), (3, 3), ("3d", 3)])
def test_the_last_label_that_was_decided(horizon, lag):
    past = past_of(Y, TIMES, ALL, NOBODY, rule(horizon))
    assert np.isnan(past.last[:lag]).all()
    assert np.array_equal(past.last[lag:], Y[:-lag])
    for at in (30, NUM - 1):
        known = Y[: at - lag + 1]
        assert past.mean_5[at] == pytest.approx(known[-5:].mean())
        assert past.mean_22[at] == pytest.approx(known[-22:].mean())
        weighted = known[0]
        for value in known[1:]:
            weighted = DECAY * weighted + (1 - DECAY) * value
        assert past.ewma[at] == pytest.approx(weighted)


def test_a_later_label_changes_nothing_earlier():
    before = past_of(Y, TIMES, ALL, NOBODY, rule(2))
    changed = Y.copy()
    changed[40] += 100
    after = past_of(changed, TIMES, ALL, NOBODY, rule(2))
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one[:42], other[:42], equal_nan=True)
        assert one[42] != other[42]


def test_groups_know_of_themselves_alone():
    tickers = ["a" if n % 2 else "b" for n in range(NUM)]
    past = past_of(Y, TIMES, ALL, tickers, rule())
    assert np.array_equal(past.last[2:], Y[:-2])


def test_examples_at_one_time_do_not_know_of_each_other():
    past = past_of(Y, TIMES // 2 // DAY * DAY, ALL, NOBODY, rule())
    assert np.array_equal(past.last[2::2], past.last[3::2])
