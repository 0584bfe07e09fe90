"""The names of targets/protocols/card.py, for classes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.reporting.markdown import code, plain
from pipeline.targets.classes.card import figures
from pipeline.targets.classes.drawing.confusion import confusion
from pipeline.targets.classes.measures.guessing import compared_with_guessing
from pipeline.targets.protocols.card import EvaluationTables, Mistakes, TableRows
from pipeline.targets.protocols.labels import TargetIndex

TABLES = ("confusion", "classes", "calibration", "intervals", "slices", "robustness", "mistakes")
TASK = "classification"
HUB_METRICS = ("accuracy", "f1")
ANSWERS = ("the best answer and its probability", "all of them, a JSON object a line")

MAX_CLASSES_LISTED = 10
COLUMNS = {
    "confusion": ["actual", "predicted", "count"],
    "classes": ["class", "support", "precision", "recall", "f1", "recall_low", "recall_high"],
    "calibration": ["confidence", "accuracy", "count"],
    "intervals": ["metric", "value", "low", "high"],
    "slices": ["slice", "rule", "count", "accuracy", "low", "high"],
    "robustness": ["corruption", "strength", "accuracy", "low", "high"],
}
"""Columns of the tables for people; calibration is that before temperature scaling."""


def answer(index: TargetIndex) -> str:
    names = index["classes"]
    listed = ", ".join(code(name) for name in names[:MAX_CLASSES_LISTED])
    more = len(names) - MAX_CLASSES_LISTED
    return f"It says which of {len(names)} classes an example is of: {listed}" + (
        f" and {more} more." if more > 0 else "."
    )


def notes(evaluation: EvaluationTables) -> Iterator[str]:
    summary = evaluation.summary
    accuracy = next(r for r in evaluation.tables["intervals"] if r["metric"] == "accuracy")
    support = {row["class"]: row["support"] for row in evaluation.tables["classes"]}
    if doubt := compared_with_guessing(accuracy["value"], accuracy["low"], support):
        yield f"- **{plain(doubt)}**"
    yield (
        f"- `_scaled` is after dividing its logits by {summary['temperature']:.3g}, which was "
        "fitted on validation"
    )
    if summary["num_leaked"]:
        without = summary["accuracy_without_leaked"]
        yield (
            f"- test examples that another split had too, until they were removed there: "
            f"{summary['num_leaked']:,}; "
            + ("no other is left" if without is None else f"accuracy without them {without:.4f}")
        )


def weaknesses(evaluation: EvaluationTables) -> Iterator[str]:
    worst = worst_class(evaluation)
    ends = worst["recall_low"], worst["recall_high"]
    yield f"- class: {_accuracy(worst['class'], worst['recall'], ends, worst['support'])}"
    slices = evaluation.tables["slices"]
    if len(slices) > 1:
        part = min(slices[1:], key=lambda row: row["accuracy"])
        accuracy = _accuracy(
            part["slice"], part["accuracy"], (part["low"], part["high"]), part["count"]
        )
        yield f"- part of the examples: {accuracy}, {plain(part['rule'])}"
    if evaluation.tables["robustness"]:
        uncorrupted, *corrupted = evaluation.tables["robustness"]
        lowest = min(corrupted, key=lambda row: row["accuracy"])
        yield (
            f"- corrupted examples ({evaluation.summary['num_corrupted']:,} of them): "
            f"{evaluation.summary['accuracy_corrupted']:.4f} on average over kinds and strengths, "
            f"{uncorrupted['accuracy']:.4f} without; worst {lowest['corruption']} at strength "
            f"{lowest['strength']}: {lowest['accuracy']:.4f}"
        )
    yield from could_not_judge(evaluation)
    yield ""
    yield (
        "The weakest of many is weak by chance too. All of them are in `model/classes.csv`, "
        "`model/slices.csv` and `model/robustness.csv`, the mistakes it is surest of in "
        "`model/mistakes.png`."
    )


def could_not_judge(evaluation: EvaluationTables) -> Iterator[str]:
    """Reasons for figures that are missing."""
    unseen = [row["class"] for row in evaluation.tables["classes"] if not row["support"]]
    if unseen:
        listed = ", ".join(code(name) for name in unseen[:MAX_CLASSES_LISTED])
        more = len(unseen) - MAX_CLASSES_LISTED
        yield f"- could not judge classes without a test example: {listed}" + (
            f" and {more} more" if more > 0 else ""
        )
    if len(evaluation.tables["slices"]) < 2:
        least = evaluation.summary["min_slice_examples"]
        yield f"- could not judge parts of the examples: none has {least} examples"
    if not evaluation.tables["robustness"]:
        yield "- could not judge corrupted examples: none was corrupted"


def _accuracy(name: str, accuracy: float, interval: tuple[float, float], num: int) -> str:
    low, high = interval
    return f"{code(name)} {accuracy:.4f} ({low:.4f} to {high:.4f}, {num:,} examples)"


def validation(about: Mapping[str, Any]) -> str:
    return f"accuracy {about['val_accuracy']:.4f}"


def limits() -> Iterator[str]:
    yield "- It knows its classes alone, and names one of them whatever an example is."


def csv_tables(evaluation: EvaluationTables) -> dict[str, tuple[Sequence[str], TableRows]]:
    rows = dict(evaluation.tables) | {"calibration": reliability(evaluation, scaled=False)}
    return {name: (columns, rows[name]) for name, columns in COLUMNS.items()}


def draw(evaluation: EvaluationTables, folder: Path) -> None:
    classes = evaluation.summary["target"]["classes"]
    confusion(
        confusion_matrix(evaluation),
        classes,
        folder / "confusion.png",
        title="test examples, by class",
    )
    figures.calibration(
        reliability(evaluation, scaled=False),
        metric(evaluation, "calibration_error"),
        reliability(evaluation, scaled=True),
        metric(evaluation, "calibration_error_scaled"),
        folder / "calibration.png",
    )
    figures.slices(evaluation.tables["slices"], folder / "slices.png")
    figures.robustness(evaluation.tables["robustness"], folder / "robustness.png")


def mistakes(evaluation: EvaluationTables, most: int) -> Mistakes:
    rows = evaluation.tables["mistakes"]
    num = len(rows)
    return Mistakes(
        ids=[row["id"] for row in rows[:most]],
        captions=[
            f"is {row['label']}\nsaid {row['predicted']} {row['confidence']:.2f}"
            for row in rows[:most]
        ],
        title=f"{num} mistake{'s' * (num != 1)} in {evaluation.num_examples} test examples, "
        "the surest first",
    )


def confusion_matrix(evaluation: EvaluationTables) -> NDArray[np.int64]:
    """Counts `(K, K)`: row the true class, column the predicted one."""
    counts = np.array([row["count"] for row in evaluation.tables["confusion"]], np.int64)
    num_classes = len(evaluation.summary["target"]["classes"])
    return counts.reshape(num_classes, num_classes)


def worst_class(evaluation: EvaluationTables) -> Mapping[str, Any]:
    """The row of the class of lowest recall, among classes with test examples."""
    there = [row for row in evaluation.tables["classes"] if row["support"]]
    return min(there, key=lambda row: row["recall"])


def metric(evaluation: EvaluationTables, name: str) -> float:
    rows = evaluation.tables["intervals"]
    return float(next(row["value"] for row in rows if row["metric"] == name))


def reliability(evaluation: EvaluationTables, *, scaled: bool) -> TableRows:
    """Bins of confidence before or after temperature scaling."""
    return [row for row in evaluation.tables["calibration"] if row["scaled"] == scaled]
