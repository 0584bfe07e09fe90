"""The names of targets/protocols/judging.py, for classes.

Accuracy and macro F1 are judged by default: if two runs differ only in their seed, the examples
they get wrong differ by chance (Jordan 2023, arXiv 2304.01910), which the test allows for. The
confidence of a model differs as a whole, so the test calls loss and calibration error of two seeds
different too often (docs/decisions/compare.md). They are shown with an interval.
"""

from collections.abc import Mapping

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float32
from pipeline.targets.classes.judging.evaluation import evaluate_classifier, temperature_of
from pipeline.targets.classes.judging.predictions import Predictions, align, read_predictions
from pipeline.targets.classes.judging.scores import example_scores, metrics_of
from pipeline.targets.classes.judging.tables import tables
from pipeline.targets.classes.measures.outputs import probabilities
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

GOOD = {"accuracy": 1, "f1_macro": 1, "loss": -1, "calibration_error": -1}
JUDGED = ("accuracy", "f1_macro")
BESIDE = ("worst_class_accuracy", "auc", "average_precision", "brier", "sensitivity")


def calibration(validation: Answers) -> Mapping[str, float]:
    return {"temperature": temperature_of(validation)}


def evaluate(
    index: TargetIndex,
    test: TestSplit,
    outputs: Float32,
    validation: Answers,
    stressed: Stressed,
) -> Evaluation:
    results = evaluate_classifier(index["classes"], test, outputs, validation, stressed)
    return Evaluation(
        results.metrics(), tables(results, test), results.summary(), results.sentence()
    )


def scores(predictions: Predictions) -> sparse.csr_array:
    return example_scores(predictions.probabilities.astype(np.float64), predictions.labels)
