"""An evaluation as a whole, on a model whose answers are known, and its tables."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.targets.classes.judging import interface
from pipeline.targets.classes.judging.evaluation import (
    ClassEvaluation,
    accuracy_by_slice,
    evaluate_classifier,
)
from pipeline.targets.classes.judging.tables import tables
from pipeline.targets.protocols import judging as protocol
from pipeline.targets.protocols.judging import Answers, Stressed, Variant

CLASSES = ["dark", "b|right", "unseen"]
NUM = 60
LABELS = np.arange(NUM) % 2
LEVELS = 100 + 55 * LABELS + np.random.default_rng(0).integers(-5, 6, NUM)


def logits_of(levels: np.ndarray) -> np.ndarray:
    """Says "dark" or "b|right" by the level, surer the farther it is from the middle."""
    margin = (levels - 127.5) / 10
    return np.stack([-margin, margin, np.full(len(levels), -20.0)], 1).astype(np.float32)


@pytest.fixture
def examples() -> protocol.TestSplit:
    labels = LABELS.astype(np.int32)
    labels[:3] = 1 - labels[:3]  # three mistakes, of which one is a leak
    return protocol.TestSplit(
        ids=[f"{row}" for row in range(NUM)],
        y=labels,
        groups=[None] * NUM,
        measurements={"brightness": LEVELS / 255},
        leaked=np.arange(NUM) == 2,
    )


def inputs_of_evaluation(examples: protocol.TestSplit, num_corrupted: int) -> tuple:
    logits, rows = logits_of(LEVELS), np.arange(num_corrupted)
    levels = LEVELS[rows]
    variants = [
        Variant("none", 0, logits_of(levels)),
        Variant("brightness", 1, logits_of(levels + 10)),
        Variant("brightness", 3, logits_of(levels + 40)),
    ]
    return examples, logits, Answers(logits, examples.y), Stressed(rows, variants)


def evaluated(examples: protocol.TestSplit, num_corrupted: int = 20) -> ClassEvaluation:
    return evaluate_classifier(CLASSES, *inputs_of_evaluation(examples, num_corrupted))


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
        "accuracy_without_leaked",
        "accuracy_top2",
        "calibration_error_scaled",
        "temperature",
        "auc",
        "average_precision",
        "sensitivity",
        "brier",
        "accuracy_corrupted",
    ]
    assert metrics["accuracy"] == 0.95
    assert metrics["accuracy_without_leaked"] == pytest.approx(57 / 59)
    assert (metrics["worst_class"], metrics["accuracy_top2"]) == ("b|right", 1)
    assert metrics["accuracy_low"] < 0.95 < metrics["accuracy_high"]
    assert metrics["temperature"] > 1.5, "it is surer than it is right"
    assert metrics["calibration_error_scaled"] < metrics["calibration_error"]


def test_corruptions_can_be_left_out(examples):
    without = evaluated(examples, num_corrupted=0)
    assert "accuracy_corrupted" not in without.metrics()
    assert without.summary()["accuracy_corrupted"] is None
    table = tables(without, examples)["robustness"]
    assert (table.column_names[:2], table.num_rows) == (["corruption", "strength"], 0)


def test_summary(examples):
    summary = evaluated(examples).summary()
    assert [summary[f"num_{name}"] for name in ("corrupted", "leaked")] == [20, 1]
    assert summary["accuracy_without_leaked"] == pytest.approx(57 / 59)


def test_accuracy_without_leaks_is_absent_where_all_are_leaks(examples):
    """Of nothing there is no accuracy, neither good nor bad."""
    found = evaluated(replace(examples, leaked=np.ones(NUM, bool)))
    assert found.summary()["accuracy_without_leaked"] is None
    assert "accuracy_without_leaked" not in found.metrics()


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
    assert list(made["classes"][2].values()) == [
        *("unseen", 0, 0.0, 0.0, 0.0, 0.0, 1.0),
        *(None, None, None),
    ]
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
    assert len(made["robustness"]) == 3
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


def test_the_interface_gives_all_of_it(examples):
    index = {"classes": CLASSES}
    evaluation = interface.evaluate(index, *inputs_of_evaluation(examples, 20))
    results = evaluated(examples)
    assert evaluation.metrics == results.metrics()
    assert evaluation.tables == tables(results, examples)
    assert evaluation.summary == results.summary()
    low, high = results.intervals["accuracy"][1:]
    assert evaluation.sentence == (
        f"accuracy 0.9500 ({low:.4f} to {high:.4f}) on 60 test examples, "
        f"worst class b|right {results.by_class['b|right'].accuracy:.4f}"
    )


def test_the_sentence_says_when_a_model_guesses(examples):
    _, logits, *others = inputs_of_evaluation(examples, 0)
    results = evaluate_classifier(CLASSES, examples, np.roll(logits, 1, 0), *others)
    assert results.sentence().endswith(
        "; no better than guessing: always naming b|right, the commonest class, is right on 0.5167"
    )


def test_variants_are_not_computed_where_nothing_is_corrupted(examples):
    def never():
        raise AssertionError
        yield

    *others, _ = inputs_of_evaluation(examples, 0)
    assert (
        interface.evaluate({"classes": CLASSES}, *others, Stressed(np.arange(0), never())).summary[
            "num_corrupted"
        ]
        == 0
    )


def test_parts_have_their_own_accuracy_and_interval(examples):
    right = np.arange(NUM) >= 12  # the first fifth is wrong
    by_slice = accuracy_by_slice(right, replace(examples, measurements={"m": np.arange(NUM)}), None)
    assert [part.kind for part, _ in by_slice] == ["all", "low", "high"]
    assert [accuracy[:2] for _, accuracy in by_slice] == [(60, 0.8), (15, 0.2), (15, 1.0)]
    assert by_slice[1][1][2:] == pytest.approx((0.0705, 0.4519), abs=1e-4)


def test_groups_make_intervals_wider_but_for_the_slice_of_a_group(examples):
    right, owners = np.arange(NUM) >= 12, np.arange(NUM) // 15
    grouped = replace(examples, measurements={}, groups=[f"g{owner}" for owner in owners])
    alone, together = (accuracy_by_slice(right, grouped, own) for own in (None, owners))
    narrow, wide = alone[0][1], together[0][1]
    assert wide.low < narrow.low < narrow.high < wide.high
    assert alone[1:] == together[1:]
    assert together[1][1][:2] == (15, 0.2)
