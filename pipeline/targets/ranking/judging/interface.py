"""The names of targets/protocols/judging.py, for rankings."""

from collections.abc import Mapping

from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float32
from pipeline.targets.gaps import Rate, gaps_table
from pipeline.targets.protocols.judging import Answers, Evaluation, Stressed, TestSplit
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.ranking.judging.evaluation import evaluate_ranking
from pipeline.targets.ranking.judging.predictions import Predictions, align, read_predictions
from pipeline.targets.ranking.judging.scores import dense_scores, event_scores, metrics_of
from pipeline.targets.ranking.judging.tables import tables
from pipeline.targets.ranking.measures.outputs import probabilities

__all__ = [
    "align",
    "metrics_of",
    "probabilities",
    "read_predictions",
]

GOOD = {"ndcg_10": 1, "recall_20": 1}
JUDGED = ("ndcg_10", "recall_20")
BESIDE = ("coverage", "popularity_bias")
GROUPS_DECIDE = True
"""What is independent are users, also where events have times."""


def calibration(validation: Answers) -> Mapping[str, float]:
    return {}


def evaluate(
    index: TargetIndex,
    test: TestSplit,
    outputs: Float32,
    validation: Answers,
    stressed: Stressed,
) -> Evaluation:
    results = evaluate_ranking(index, test, outputs, validation, stressed)
    made = tables(results, index)
    if test.values:
        found = results.predictions
        gains = dense_scores(found.places, found.users)
        everyone = gains[:, 0] > 0
        rates = [
            Rate("ndcg_10", gains[:, 1] / gains[:, 0], everyone),
            Rate("recall_20", gains[:, 2] / gains[:, 0], everyone),
        ]
        made |= {"gaps": gaps_table(test.values, rates, found.users)}
    return Evaluation(results.metrics(), made, results.summary(), results.sentence())


def scores(predictions: Predictions) -> sparse.csr_array:
    return event_scores(predictions)
