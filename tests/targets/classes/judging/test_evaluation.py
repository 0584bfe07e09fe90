"""An evaluation as a whole, on a model whose answers are known, and its tables."""

import numpy as np
import pytest

from pipeline.evaluate import evaluation
from pipeline.evaluate.evaluation import Evaluation, evaluate
from pipeline.evaluate.tables import tables

CLASSES = ["dark", "b|right", "unseen"]
NUM = 60


def logits_of(images: np.ndarray) -> np.ndarray:
    """Says "dark" or "b|right" by the mean, surer the farther it is from the middle."""
    margin = (images.mean((1, 2, 3)) - 127.5) / 10
    return np.stack([-margin, margin, np.full(len(images), -20.0)], 1).astype(np.float32)


@pytest.fixture
def examples() -> evaluation.TestSplit:
    random = np.random.default_rng(0)
    labels = np.arange(NUM) % 2
    levels = 100 + 55 * labels + random.integers(-5, 6, NUM)
    labels = labels.copy()
    labels[:3] = 1 - labels[:3]  # three mistakes, of which two are suspected and one is a leak
    return evaluation.TestSplit(
        ids=[f"{row}" for row in range(NUM)],
        images=np.tile(levels.astype(np.uint8)[:, None, None, None], (1, 4, 4, 1)),
        labels=labels,
        groups=[None] * NUM,
        measurements={"brightness": levels / 255},
        suspected=np.arange(NUM) < 2,
        leaked=np.arange(NUM) == 2,
    )


def evaluated(examples: evaluation.TestSplit, corrupted_examples: int = 20) -> Evaluation:
    return evaluate(
        logits_of,
        CLASSES,
        examples,
        examples.images,
        examples.labels,
        corrupted_examples=corrupted_examples,
    )


def test_metrics(examples):
    metrics = evaluated(examples).metrics()
    assert list(metrics) == [
        "accuracy",
        "loss",
        "f1_macro",
        "calibration_error",
        "worst_class_accuracy",
        "worst_class",
        "accuracy_low",
        "accuracy_high",
        "accuracy_without_suspected",
        "accuracy_without_leaked",
        "accuracy_top2",
        "calibration_error_scaled",
        "temperature",
        "accuracy_corrupted",
    ]
    assert metrics["accuracy"] == 0.95
    assert metrics["accuracy_without_suspected"] == pytest.approx(57 / 58)
    assert metrics["accuracy_without_leaked"] == pytest.approx(57 / 59)
    assert (metrics["worst_class"], metrics["accuracy_top2"]) == ("b|right", 1)
    assert metrics["accuracy_low"] < 0.95 < metrics["accuracy_high"]
    assert metrics["temperature"] > 1.5, "it is surer than it is right"
    assert metrics["calibration_error_scaled"] < metrics["calibration_error"]


def test_corruptions_can_be_left_out(examples):
    without = evaluated(examples, corrupted_examples=0)
    assert "accuracy_corrupted" not in without.metrics()
    assert without.summary()["accuracy_corrupted"] is None
    table = tables(without, examples)["robustness"]
    assert (table.column_names[:2], table.num_rows) == (["corruption", "strength"], 0)


def test_summary(examples):
    summary = evaluated(examples).summary()
    assert summary["classes"] == CLASSES
    assert [summary[f"num_{name}"] for name in ("corrupted", "suspected", "leaked")] == [20, 2, 1]
    assert summary["accuracy_without_suspected"] == pytest.approx(57 / 58)


def test_tables(examples):
    results = evaluated(examples)
    made = {name: table.to_pylist() for name, table in tables(results, examples).items()}
    assert list(made) == [
        "predictions",
        "confusion",
        "classes",
        "calibration",
        "intervals",
        "slices",
        "robustness",
        "mistakes",
    ]
    assert [row["id"] for row in made["predictions"]] == examples.ids
    assert list(made["classes"][2].values()) == ["unseen", 0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert made["classes"][1]["recall"] == results.by_class[results.worst_class].accuracy
    assert [row["metric"] for row in made["intervals"]] == [
        "accuracy",
        "loss",
        "f1_macro",
        "calibration_error",
        "loss_scaled",
        "calibration_error_scaled",
        "accuracy_top2",
    ]
    for row in made["intervals"]:  # not rounded
        assert tuple(row.values())[1:] == results.intervals[row["metric"]]
    assert len(made["robustness"]) == 22
    assert [(row["kind"], row["measurement"]) for row in made["slices"]] == [
        ("all", None),
        ("low", "brightness"),
        ("high", "brightness"),
    ]
    assert sum(row["count"] for row in made["confusion"]) == NUM
    assert [row["scaled"] for row in made["calibration"]] == sorted(
        row["scaled"] for row in made["calibration"]
    )
    for scaled in (False, True):
        rows = [row for row in made["calibration"] if row["scaled"] == scaled]
        assert sum(row["count"] for row in rows) == NUM


def test_mistakes_come_by_confidence(examples):
    rows = tables(evaluated(examples), examples)["mistakes"].to_pylist()
    assert {row["id"] for row in rows} == {"0", "1", "2"}
    confidence = [row["confidence"] for row in rows]
    assert confidence == sorted(confidence, reverse=True)
    assert all(row["label"] != row["predicted"] for row in rows)


def test_the_same_twice(examples):
    assert tables(evaluated(examples), examples) == tables(evaluated(examples), examples)
