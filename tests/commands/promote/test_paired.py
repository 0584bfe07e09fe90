"""The gate's verdicts on runs whose quality is planted."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.commands.compare.comparison import ALPHA
from pipeline.commands.promote.checks import Check, verdict_of_all
from pipeline.commands.promote.paired import (
    check_parts,
    check_test_split,
    labels_of,
    slices_of,
)
from pipeline.targets.classes.judging import interface as classes
from pipeline.targets.classes.judging.predictions import Predictions, predictions_table
from pipeline.targets.numbers.judging import interface as numbers
from pipeline.targets.numbers.judging.predictions import Predictions as Numbers

NAMES = ["cat", "dog", "bird"]
NUM = 400


def run_of(right: np.ndarray, labels: np.ndarray, groups: list | None = None) -> Predictions:
    """A run that is right where `right` is."""
    answers = np.where(right, labels, (labels + 1) % 3)
    probabilities = np.full((len(labels), 3), 0.1, np.float32)
    probabilities[np.arange(len(labels)), answers] = 0.8
    ids = [str(n) for n in range(len(labels))]
    return Predictions(ids, groups or [None] * len(ids), NAMES, labels, probabilities)


def two_runs(seed: int, gain: float, num: int = NUM) -> tuple[Predictions, Predictions]:
    """Runs that are right about 85 %, and that much more, of examples; each with its own luck."""
    random = np.random.default_rng(seed)
    hardness, labels = random.random(num), random.integers(0, 3, num)
    rights = [hardness + random.normal(0, 0.1, num) < share for share in (0.85, 0.85 + gain)]
    return run_of(rights[0], labels), run_of(rights[1], labels)


def verdicts(gain: float, num: int, must_win: bool = True) -> dict[str, float]:
    """Shares of the verdicts over simulations."""
    found = [
        check_test_split(
            *two_runs(seed, gain),
            classes,
            tolerance=0.005,
            must_win=must_win,
            num_resamples=400,
        ).verdict
        for seed in range(num)
    ]
    return {name: found.count(name) / num for name in ("PASS", "INCONCLUSIVE", "FAIL")}


def test_better_worse_and_alike():
    assert verdicts(0.08, 10) == {"PASS": 1, "INCONCLUSIVE": 0, "FAIL": 0}
    assert verdicts(-0.08, 10) == {"PASS": 0, "INCONCLUSIVE": 0, "FAIL": 1}
    assert verdicts(0.0, 20)["INCONCLUSIVE"] >= 0.8


@pytest.mark.slow
def test_the_error_is_the_one_that_is_stated():
    """Runs alike pass, or fail, in at most ALPHA of 200 simulations (and what chance adds)."""
    alike, better, worse = (verdicts(gain, 200) for gain in (0.0, 0.05, -0.05))
    print(alike, better, worse)
    most = ALPHA + 2 * (ALPHA * (1 - ALPHA) / 200) ** 0.5
    assert alike["PASS"] <= most
    assert alike["FAIL"] <= most
    assert better["PASS"] >= 0.75
    assert better["FAIL"] == 0
    assert worse["FAIL"] >= 0.6
    assert worse["PASS"] == 0


def test_what_need_not_win_may_lose_nothing():
    labels = np.arange(NUM) % 3
    right = np.arange(NUM) >= 40
    run = run_of(right, labels)
    check = check_test_split(run, run, classes, tolerance=0.005, must_win=False)
    assert check.verdict == "PASS"
    assert check.words == "accuracy 0.9000 -> 0.9000, +0.0000 (+0.0000 to +0.0000), 400 examples"
    assert check_test_split(run, run, classes, tolerance=0.005, must_win=True).verdict == (
        "INCONCLUSIVE"
    )


def test_a_label_that_loses_stops_what_wins_as_a_whole():
    labels = np.arange(NUM) % 3
    before = np.arange(NUM) % 10 > 0
    after = np.ones(NUM, bool)
    after[labels == 2] = np.arange((labels == 2).sum()) % 10 > 3
    base, candidate = run_of(before, labels), run_of(after, labels)
    whole = check_test_split(base, candidate, classes, tolerance=0.005, must_win=True)
    parts = labels_of(predictions_table(candidate))
    assert list(parts) == ["label bird", "label cat", "label dog"]
    worst, slices = check_parts(base, candidate, classes, parts, {})
    assert (worst.verdict, slices.verdict) == ("FAIL", "FAIL")
    assert worst.words.startswith("label bird 0.5865, was label cat 0.8955, -0.3091 ")
    assert slices.words.startswith("surely worse: label bird -0.3")
    assert verdict_of_all([whole, worst, slices, Check("served copy", "PASS", "")]) == "FAIL"


def test_parts_of_runs_alike_do_not_stop_it():
    """At ALPHA over all parts, however many there are."""
    stopped = 0
    for seed in range(8):
        base, candidate = two_runs(seed, 0.0)
        table = pa.table({"id": base.ids, "brightness": np.random.default_rng(seed).random(NUM)})
        parts = labels_of(predictions_table(base))
        checks = check_parts(base, candidate, classes, parts, slices_of(table))
        stopped += any(check.verdict == "FAIL" for check in checks)
    assert stopped <= 2


def test_slices_are_tails_of_measurements_and_values_of_columns():
    values = np.arange(100, dtype=float)
    sites = ["north"] * 70 + ["south"] * 25 + [None] * 5
    table = pa.table(
        {
            "id": [str(n) for n in range(100)],
            "sharp": values,
            "flat": np.ones(100),
            "slice_site": sites,
        }
    )
    parts = slices_of(table)
    assert {name: int(part.sum()) for name, part in parts.items()} == {
        "low sharp": 25,
        "high sharp": 25,
        "site north": 70,
        "site south": 25,
    }
    assert slices_of(None) == {}


def test_numbers_have_no_labels_and_lose_by_a_share_of_the_error():
    random = np.random.default_rng(0)
    target = random.normal(100, 20, NUM)
    ids = [str(n) for n in range(NUM)]

    def run(noise: float, bias: np.ndarray | float = 0.0) -> Numbers:
        predicted = target + np.random.default_rng(1).normal(0, noise, NUM) + bias
        return Numbers(ids, [None] * NUM, target, predicted, predicted - 5, predicted + 5)

    better = check_test_split(run(4), run(2), numbers, tolerance=0.005, must_win=True)
    assert better.verdict == "PASS"
    assert better.words.startswith("mae ")
    assert check_test_split(run(2), run(4), numbers, tolerance=0.005, must_win=True).verdict == (
        "FAIL"
    )
    tail = target > np.quantile(target, 0.8)
    parts = {"high target": tail}
    worst, slices = check_parts(run(4), run(2, np.where(tail, 8.0, 0.0)), numbers, {}, parts)
    assert (worst.verdict, worst.words) == ("-", "no labels with 10 test examples")
    assert slices.verdict == "FAIL"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ({"test split": "PASS", "served copy": "PASS", "slices": "-"}, "PASS"),
        ({"test split": "PASS", "served copy": "PASS", "labelled traffic": "INCONCLUSIVE"}, "PASS"),
        ({"test split": "INCONCLUSIVE", "served copy": "PASS"}, "INCONCLUSIVE"),
        ({"test split": "PASS", "served copy": "PASS", "labelled traffic": "FAIL"}, "FAIL"),
        ({"baseline": "PASS", "served copy": "FAIL"}, "FAIL"),
        ({}, "INCONCLUSIVE"),
    ],
)
def test_all_checks_together(verdicts, expected):
    checks = [Check(name, verdict, "") for name, verdict in verdicts.items()]
    assert verdict_of_all(checks) == expected
