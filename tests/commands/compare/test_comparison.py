"""Runs that are alike fail no more often than stated; one that is worse does."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from pipeline.commands.compare.comparison import (
    ALPHA,
    FAIL,
    INCONCLUSIVE,
    PASS,
    Change,
    overall,
)
from pipeline.commands.compare.comparison import compare as compare_runs
from pipeline.targets.classes.judging import interface as judging
from pipeline.targets.classes.judging.interface import GOOD, JUDGED
from pipeline.targets.classes.judging.predictions import Predictions
from pipeline.targets.classes.measures.metrics import softmax

NUM_CLASSES = 4
FEW_RESAMPLES = 400


def compare(one: Predictions, other: Predictions, judged=JUDGED, **settings) -> list[Change]:
    return compare_runs(one, other, judging, judged=judged, **settings)


def run(random: np.random.Generator, signal: np.ndarray, noise: float = 1.0) -> Predictions:
    """What one of many alike models says: the same signal, another noise."""
    num = len(signal)
    labels = np.arange(num) % NUM_CLASSES
    logits = signal[:, None] * np.eye(NUM_CLASSES)[labels]
    logits = logits + noise * random.normal(size=(num, NUM_CLASSES))
    return Predictions(
        ids=[f"{row}" for row in range(num)],
        groups=[None] * num,
        classes=[f"class {code}" for code in range(NUM_CLASSES)],
        labels=labels,
        probabilities=softmax(logits).astype(np.float32),
    )


@pytest.mark.parametrize(
    ("easy", "tolerance"), [(2.0, 0.0), (4.5, 0.0), (2.0, 0.005)], ids=["hard", "easy", "tolerant"]
)
def test_alike_runs_fail_no_more_often_than_stated(easy, tolerance):
    random = np.random.default_rng(0)
    num_trials, failed = 100, 0
    for trial in range(num_trials):
        signal = random.normal(easy, 1.5, 250)
        one, other = run(random, signal), run(random, signal)
        changes = compare(one, other, tolerance=tolerance, seed=trial, num_resamples=FEW_RESAMPLES)
        failed += overall(changes) == FAIL
    # Of 100 comparisons that fail with a chance of 5 %, more than 11 fail in 1 case of 200.
    assert failed <= 11
    assert ALPHA == 0.05


def test_a_worse_run_fails_and_a_better_one_passes():
    random = np.random.default_rng(1)
    signal = random.normal(2, 1, 500)
    good, bad = run(random, signal, noise=0.5), run(random, signal - 1, noise=1.5)
    worse = compare(good, bad, num_resamples=FEW_RESAMPLES)
    assert [change.metric for change in worse] == list(GOOD)
    assert [change.verdict for change in worse] == [FAIL, FAIL, "-", "-"]
    assert overall(worse) == FAIL
    better = compare(bad, good, num_resamples=FEW_RESAMPLES)
    assert {c.metric: c.verdict for c in better}["accuracy"] == PASS
    for there, back in zip(worse, better, strict=True):
        assert there.after - there.before == pytest.approx(back.before - back.after)


def test_a_worse_run_within_the_tolerance_passes():
    random = np.random.default_rng(1)
    signal = random.normal(2, 1, 500)
    good, bad = run(random, signal, noise=0.5), run(random, signal - 1, noise=1.5)
    changes = compare(good, bad, tolerance=0.99, num_resamples=FEW_RESAMPLES)
    assert overall(changes) == PASS


def test_what_is_judged_can_be_chosen():
    random = np.random.default_rng(1)
    signal = random.normal(2, 1, 500)
    good, bad = run(random, signal, noise=0.5), run(random, signal - 1, noise=1.5)
    changes = compare(good, bad, judged=["loss"], num_resamples=FEW_RESAMPLES)
    assert [change.verdict for change in changes] == ["-", "-", FAIL, "-"]


def test_a_run_is_as_good_as_itself():
    said = run(np.random.default_rng(0), np.full(50, 2.0))
    changes = compare(said, said, tolerance=0, num_resamples=FEW_RESAMPLES)
    assert overall(changes) == PASS
    for change in changes:
        assert (change.low, change.high, change.p) == (0, 0, 1)


def test_few_examples_are_inconclusive():
    random = np.random.default_rng(1)
    signal = np.full(40, 1.0)
    changes = compare(run(random, signal), run(random, signal), num_resamples=FEW_RESAMPLES)
    assert overall(changes) == INCONCLUSIVE


def test_p_of_accuracy_is_that_of_mcnemar():
    random = np.random.default_rng(3)
    signal = random.normal(1.5, 1, 300)
    one, other = run(random, signal), run(random, signal - 0.2)
    right = [said.probabilities.argmax(1) == said.labels for said in (one, other)]
    lost, won = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    exact = binomtest(won, lost + won, alternative="less").pvalue
    assert 0.001 < exact < 0.5
    (accuracy, *_) = compare(one, other, num_resamples=4000)
    assert accuracy.p == pytest.approx(exact, abs=0.03)


def test_groups_count_as_one():
    """Ten copies of each example, said to be of one group, make nothing surer."""
    random = np.random.default_rng(4)
    signal = random.normal(1.5, 1, 60)
    one, other = run(random, signal), run(random, signal - 1)

    def copied(said: Predictions) -> Predictions:
        rows = np.repeat(np.arange(60), 10)
        return Predictions(
            ids=[f"{number}" for number in range(600)],
            groups=[f"person {row}" for row in rows],
            classes=said.classes,
            labels=said.labels[rows],
            probabilities=said.probabilities[rows],
        )

    alone = compare(one, other, num_resamples=4000)[0]
    grouped = compare(copied(one), copied(other), num_resamples=4000)[0]
    assert (grouped.low, grouped.high) == pytest.approx((alone.low, alone.high), abs=0.02)
    assert grouped.p == pytest.approx(alone.p, abs=0.02)


def test_the_same_runs_give_the_same_numbers():
    random = np.random.default_rng(5)
    one, other = (run(random, np.full(50, 1.0)) for _ in range(2))
    assert compare(one, other) == compare(one, replace(other, ids=other.ids))


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([PASS, PASS, "-"], PASS),
        ([PASS, INCONCLUSIVE], INCONCLUSIVE),
        ([PASS, INCONCLUSIVE, FAIL], FAIL),
    ],
)
def test_overall(verdicts, expected):
    assert overall([Change("m", 0, 0, 0, 0, 1, verdict) for verdict in verdicts]) == expected
