"""The names of targets/protocols/judging.py, for numbers."""

from collections.abc import Mapping

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float32
from pipeline.targets.forecasts import independent_owners
from pipeline.targets.gaps import Rate, gaps_table
from pipeline.targets.numbers.judging.evaluation import evaluate_numbers
from pipeline.targets.numbers.judging.predictions import Predictions, align, read_predictions
from pipeline.targets.numbers.judging.scores import example_scores, metrics_of
from pipeline.targets.numbers.judging.tables import tables
from pipeline.targets.numbers.measures.conformal import LEVEL, half_width
from pipeline.targets.numbers.measures.outputs import probabilities
from pipeline.targets.protocols.judging import Answers, Evaluation, Stressed, TestSplit
from pipeline.targets.protocols.labels import TargetIndex

__all__ = [
    "BESIDE",
    "GOOD",
    "JUDGED",
    "align",
    "calibration",
    "evaluate",
    "metrics_of",
    "probabilities",
    "read_predictions",
    "scores",
]

GOOD = {"mae": -1, "rmse": -1, "r2": 1}
JUDGED = ("mae", "rmse")
BESIDE = ("coverage", "interval_width")


def calibration(validation: Answers) -> Mapping[str, float]:
    half = half_width(validation.y - validation.outputs[:, 0])
    return {"interval_level": LEVEL, "interval_half_width": half}


def evaluate(
    index: TargetIndex,
    test: TestSplit,
    outputs: Float32,
    validation: Answers,
    stressed: Stressed,
) -> Evaluation:
    results = evaluate_numbers(index, test, outputs, validation, stressed)
    by_name = tables(results)
    if test.values:
        of_numbers = rates(results.predictions)
        by_name |= {"gaps": gaps_table(test.values, of_numbers, independent_owners(test))}
    return Evaluation(results.metrics(), by_name, results.summary(), results.sentence())


def rates(predictions: Predictions) -> list[Rate]:
    """Rates by which slices are compared: size and sign of errors, and coverage."""
    everyone = np.ones(len(predictions.ids), bool)
    errors = predictions.errors
    return [
        Rate("mae", np.abs(errors), everyone),
        Rate("bias", errors, everyone),
        Rate("coverage", predictions.covered.astype(np.float64), everyone),
    ]


def scores(predictions: Predictions) -> sparse.csr_array:
    return example_scores(predictions)
