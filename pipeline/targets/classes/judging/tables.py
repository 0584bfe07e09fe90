"""The tables that evaluate writes into data/evaluation, at full precision."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.targets.classes.judging.evaluation import ClassEvaluation
from pipeline.targets.classes.judging.predictions import Predictions, predictions_table
from pipeline.targets.classes.judging.rates import rates
from pipeline.targets.classes.measures.metrics import calibration, confusion_matrix, per_class
from pipeline.targets.classes.measures.ranking import by_class
from pipeline.targets.forecasts import independent_owners
from pipeline.targets.gaps import gaps_table
from pipeline.targets.protocols.judging import TestSplit

TEXT, COUNT, NUMBER = pa.string(), pa.int64(), pa.float64()
COLUMNS = {
    "confusion": {"actual": TEXT, "predicted": TEXT, "count": COUNT},
    "classes": {
        "class": TEXT,
        "support": COUNT,
        "precision": NUMBER,
        "recall": NUMBER,
        "f1": NUMBER,
        "recall_low": NUMBER,
        "recall_high": NUMBER,
        "auc": NUMBER,
        "average_precision": NUMBER,
        "sensitivity": NUMBER,
    },
    "calibration": {"scaled": pa.bool_(), "confidence": NUMBER, "accuracy": NUMBER, "count": COUNT},
    "intervals": {"metric": TEXT, "value": NUMBER, "low": NUMBER, "high": NUMBER},
    "slices": {
        "kind": TEXT,
        "measurement": TEXT,
        "bound": NUMBER,
        "rank": COUNT,
        "num_groups": COUNT,
        "count": COUNT,
        "accuracy": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
    },
    "robustness": {
        "corruption": TEXT,
        "strength": COUNT,
        "accuracy": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
    },
    "mistakes": {"id": TEXT, "label": TEXT, "predicted": TEXT, "confidence": NUMBER},
}
"""Columns of each table and their types; `predictions` has its own module."""

RANKING = ("auc", "average_precision", "sensitivity")
"""Metrics of each class against all others; null if one side has no example."""

Row = Sequence[Any]


def tables(evaluation: ClassEvaluation, test: TestSplit) -> dict[str, pa.Table]:
    """Make every table, by name.

    `calibration` has rows before and after temperature scaling, `mistakes` one for each wrong
    prediction, those of highest confidence first.
    """
    names, labels = evaluation.classes, evaluation.labels
    predicted = evaluation.probabilities.argmax(1)
    matrix = confusion_matrix(labels, predicted, len(names))
    rows: dict[str, list[Row]] = {
        "confusion": [
            (a, p, int(matrix[i, j])) for i, a in enumerate(names) for j, p in enumerate(names)
        ],
        "classes": _classes(evaluation, matrix),
        "calibration": [
            (scaled, row["confidence"], row["accuracy"], row["count"])
            for scaled in (False, True)
            for row in _reliability(evaluation, scaled)
        ],
        "intervals": [(name, *interval) for name, interval in evaluation.intervals.items()],
        "slices": [(*part, *accuracy) for part, accuracy in evaluation.slices],
        "robustness": list(evaluation.robustness),
        "mistakes": _mistakes(evaluation, test),
    }
    of_all = Predictions(
        ids=test.ids,
        groups=test.groups,
        classes=list(names),
        labels=labels,
        probabilities=evaluation.probabilities.astype(np.float32),
    )
    return (
        {"predictions": predictions_table(of_all)}
        | {name: _table(COLUMNS[name], rows[name]) for name in COLUMNS}
        | ({"gaps": _gaps(evaluation, test)} if test.values else {})
    )


def _gaps(evaluation: ClassEvaluation, test: TestSplit) -> pa.Table:
    of_classes = rates(list(evaluation.classes), evaluation.probabilities, evaluation.labels)
    return gaps_table(test.values, of_classes, independent_owners(test))


def _classes(evaluation: ClassEvaluation, matrix: np.ndarray) -> list[Row]:
    metrics = per_class(matrix)
    interval = {name: (row.low, row.high) for name, row in evaluation.by_class.items()}
    ranking = by_class(evaluation.probabilities, evaluation.labels)
    return [
        (
            name,
            int(matrix[code].sum()),
            *(float(metrics[column][code]) for column in ("precision", "recall", "f1")),
            *interval.get(name, (0.0, 1.0)),
            *(_or_null(ranking[column][code]) for column in RANKING),
        )
        for code, name in enumerate(evaluation.classes)
    ]


def _or_null(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _reliability(evaluation: ClassEvaluation, scaled: bool) -> list[dict[str, float]]:
    probabilities = evaluation.scaled if scaled else evaluation.probabilities
    return calibration(probabilities, evaluation.labels)[0]


def _mistakes(evaluation: ClassEvaluation, test: TestSplit) -> list[Row]:
    predicted, confidence = evaluation.probabilities.argmax(1), evaluation.probabilities.max(1)
    labels, names = evaluation.labels, evaluation.classes
    wrong = np.flatnonzero(predicted != labels)
    return [
        (test.ids[row], names[labels[row]], names[predicted[row]], float(confidence[row]))
        for row in wrong[np.argsort(-confidence[wrong], kind="stable")]
    ]


def _table(columns: Mapping[str, pa.DataType], rows: Sequence[Row]) -> pa.Table:
    values = zip(*rows, strict=True) if rows else [[]] * len(columns)
    arrays = [pa.array(v, type_) for v, type_ in zip(values, columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))
