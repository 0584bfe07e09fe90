"""The tables that evaluate writes into data/evaluation, at full precision."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.targets.bootstrap import share_interval
from pipeline.targets.numbers.judging.evaluation import NumberEvaluation
from pipeline.targets.numbers.judging.predictions import Predictions, predictions_table

TEXT, COUNT, NUMBER = pa.string(), pa.int64(), pa.float64()
OF_ERROR = {"mae": NUMBER, "low": NUMBER, "high": NUMBER}
COLUMNS = {
    "intervals": {"metric": TEXT, "value": NUMBER, "low": NUMBER, "high": NUMBER},
    "slices": {
        "kind": TEXT,
        "measurement": TEXT,
        "bound": NUMBER,
        "rank": COUNT,
        "num_groups": COUNT,
        "count": COUNT,
        **OF_ERROR,
    },
    "robustness": {"corruption": TEXT, "strength": COUNT, **OF_ERROR},
    "bins": {  # of examples in the order of their predictions
        "predicted": NUMBER,
        "target": NUMBER,
        "mae": NUMBER,
        "coverage": NUMBER,
        "coverage_low": NUMBER,
        "coverage_high": NUMBER,
        "count": COUNT,
    },
    "points": {"target": NUMBER, "predicted": NUMBER, "low": NUMBER, "high": NUMBER},
    "mistakes": {"id": TEXT, "target": NUMBER, "predicted": NUMBER, "error": NUMBER},
}
"""Columns of each table and their types; `predictions` has its own module."""
NUM_BINS, LEAST_IN_BIN = 10, 10
MAX_POINTS, MAX_MISTAKES = 1000, 1000

Row = Sequence[Any]


def tables(evaluation: NumberEvaluation) -> dict[str, pa.Table]:
    """Make every table, by name: `points` are for pictures, a sample if there are many examples;
    `mistakes` begin with the largest error."""
    predictions = evaluation.predictions
    rows: dict[str, list[Row]] = {
        "intervals": [(name, *interval) for name, interval in evaluation.intervals.items()],
        "slices": [(*part, *error) for part, error in evaluation.slices],
        "robustness": [
            (name, strength, error.mae, error.low, error.high)
            for name, strength, error in evaluation.robustness
        ],
        "bins": _bins(predictions),
        "points": _points(predictions),
        "mistakes": _mistakes(predictions),
    }
    return {"predictions": predictions_table(predictions)} | {
        name: _table(COLUMNS[name], rows[name]) for name in COLUMNS
    }


def _bins(predictions: Predictions) -> list[Row]:
    order = np.argsort(predictions.predicted, kind="stable")
    num = max(1, min(NUM_BINS, len(order) // LEAST_IN_BIN))
    found: list[Row] = []
    for rows in np.array_split(order, num):
        covered = predictions.covered[rows]
        found.append(
            (
                float(predictions.predicted[rows].mean()),
                float(predictions.target[rows].mean()),
                float(np.abs(predictions.errors[rows]).mean()),
                float(covered.mean()),
                *share_interval(covered),
                len(rows),
            )
        )
    return found


def _points(predictions: Predictions) -> list[Row]:
    order = np.argsort(predictions.predicted, kind="stable")
    num = min(len(order), MAX_POINTS)
    some = predictions.of(order[np.linspace(0, len(order) - 1, num).astype(int)])
    columns = (some.target, some.predicted, some.low, some.high)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _mistakes(predictions: Predictions) -> list[Row]:
    errors = predictions.errors
    worst = np.argsort(-np.abs(errors), kind="stable")[:MAX_MISTAKES]
    return [
        (
            predictions.ids[row],
            float(predictions.target[row]),
            float(predictions.predicted[row]),
            float(errors[row]),
        )
        for row in worst
    ]


def _table(columns: Mapping[str, pa.DataType], rows: Sequence[Row]) -> pa.Table:
    values = zip(*rows, strict=True) if rows else [[]] * len(columns)
    arrays = [pa.array(v, type_) for v, type_ in zip(values, columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))
