"""A model beside baselines: which is the strongest, and when a difference is sure."""

import numpy as np
import pytest

from pipeline.evaluate.baselines import SCHEMA, against_baselines
from pipeline.targets.opening import open_judging
from pipeline.targets.protocols.judging import Answers, Stressed
from pipeline.targets.protocols.judging import TestSplit as Split
from pipeline.targets.protocols.judging import TestTimes as Times

NUM = 300
RANDOM = np.random.default_rng(0)
Y = RANDOM.integers(0, 2, NUM)
INDEX = {"classes": ["down", "up"]}
JUDGING = open_judging("classes")


def logits(share_right: float, seed: int) -> np.ndarray:
    """Outputs that are right about this share."""
    right = np.random.default_rng(seed).random(NUM) < share_right
    said = np.where(right, Y, 1 - Y)
    return (2.0 * np.eye(2)[said]).astype(np.float32)


def split(times: Times | None = None) -> Split:
    nothing = np.zeros(NUM, bool)
    ids = [f"{row:03d}" for row in range(NUM)]
    return Split(ids, Y, [None] * NUM, {}, nothing, times)


def compare(model: np.ndarray, times: Times | None = None, **baselines: np.ndarray):
    test, nothing = split(times), Stressed(np.zeros(0, np.int64), iter(()))
    of_model = JUDGING.evaluate(INDEX, test, model, Answers(model, Y), nothing)
    asked = {name: (outputs, Answers(outputs, Y)) for name, outputs in baselines.items()}
    return against_baselines(JUDGING, INDEX, test, of_model, asked)


def test_a_model_that_is_surely_better():
    found = compare(logits(0.9, 1), weak=logits(0.5, 2), strong=logits(0.7, 3))
    assert found.metrics["baseline"] == "strong"
    assert found.metrics["against_baseline"] == "better"
    assert found.metrics["baseline_accuracy"] == pytest.approx(0.7, abs=0.06)
    assert {f"baseline_{name}" for name in JUDGING.GOOD} <= found.metrics.keys()
    assert "baseline_auc" in found.metrics
    assert found.table.schema == SCHEMA
    assert found.table["baseline"].to_pylist() == ["strong"] * 4 + ["weak"] * 4
    assert found.sentence.startswith("surely better than the baseline strong: accuracy 0.")


def test_one_that_is_worse_and_one_that_is_alike():
    assert compare(logits(0.5, 1), good=logits(0.9, 2)).metrics["against_baseline"] == "worse"
    alike = compare(logits(0.8, 1), good=logits(0.8, 2))
    assert alike.metrics["against_baseline"] == "not surely"
    same = compare(logits(0.8, 1), good=logits(0.8, 1))
    assert same.metrics["against_baseline"] == "not surely"


def test_in_time_luck_that_lasts_is_not_sure():
    """Right for one long stretch more than the baseline: sure by rows, not by blocks of time."""
    model, baseline = logits(0.6, 1), logits(0.6, 1)
    model[100:125] = 2.0 * np.eye(2)[Y[100:125]]
    times = Times(np.arange(NUM, dtype=np.int64), horizon=25)
    by_rows = compare(model, other=baseline)
    by_time = compare(model, times, other=baseline)
    assert by_rows.metrics["against_baseline"] == "better"
    assert by_time.metrics["against_baseline"] == "not surely"
    rows = {row["metric"]: row for row in by_time.table.to_pylist()}
    assert rows["accuracy"]["diebold_mariano"] < 0  # fewer mistakes
    assert rows["f1_macro"]["diebold_mariano"] is None  # no mean over examples
    assert all(row["diebold_mariano"] is None for row in by_rows.table.to_pylist())


def test_numbers_too():
    judging = open_judging("numbers")
    y = RANDOM.normal(size=NUM).astype(np.float32)
    nothing = Stressed(np.zeros(0, np.int64), iter(()))
    flags = np.zeros(NUM, bool)
    test = Split([str(n) for n in range(NUM)], y, [None] * NUM, {}, flags)
    index = {"scale": "standard", "mean": 0.0, "std": 1.0}
    near = (y + RANDOM.normal(0, 0.1, NUM))[:, None].astype(np.float32)
    mean = np.zeros((NUM, 1), np.float32)
    of_model = judging.evaluate(index, test, near, Answers(near, y), nothing)
    found = against_baselines(judging, index, test, of_model, {"mean": (mean, Answers(mean, y))})
    assert found.metrics["against_baseline"] == "better"
    assert found.metrics["baseline_mae"] == pytest.approx(np.abs(y).mean(), rel=1e-3)
