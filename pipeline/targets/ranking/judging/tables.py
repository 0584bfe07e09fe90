"""The tables that evaluate leaves in data/evaluation, at full precision."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.ranking.judging.evaluation import RankingEvaluation
from pipeline.targets.ranking.judging.predictions import Predictions, predictions_table
from pipeline.targets.ranking.labels.reading import ITEMS

TEXT, COUNT, NUMBER = pa.string(), pa.int64(), pa.float64()
OF_NDCG = {"ndcg_10": NUMBER, "low": NUMBER, "high": NUMBER}
COLUMNS = {
    "intervals": {"metric": TEXT, "value": NUMBER, "low": NUMBER, "high": NUMBER},
    "slices": {
        "kind": TEXT,
        "measurement": TEXT,
        "bound": NUMBER,
        "rank": COUNT,
        "num_groups": COUNT,
        "count": COUNT,
        **OF_NDCG,
    },
    "cold": {"part": TEXT, "count": COUNT, **OF_NDCG},
    "robustness": {"corruption": TEXT, "strength": COUNT, **OF_NDCG},
    "places": {"place": COUNT, "count": COUNT},
    "mistakes": {"id": TEXT, "item": TEXT, "place": COUNT},
}
"""Columns of each table and their types; `predictions` has its own module."""
MAX_MISTAKES = 1000
NUM_PLACES = 100

Row = Sequence[Any]


def tables(evaluation: RankingEvaluation, index: TargetIndex) -> dict[str, pa.Table]:
    """Every table by its name; `mistakes` begin with what is not listed at all."""
    found = evaluation.predictions
    rows: dict[str, list[Row]] = {
        "intervals": [(name, *interval) for name, interval in evaluation.intervals.items()],
        "slices": [(*part, *ndcg) for part, ndcg in evaluation.slices],
        "cold": [(name, *ndcg) for name, ndcg in evaluation.cold],
        "robustness": [
            (name, strength, ndcg.ndcg_10, ndcg.low, ndcg.high)
            for name, strength, ndcg in evaluation.robustness
        ],
        "places": _places(found),
        "mistakes": _mistakes(found, index),
    }
    return {"predictions": predictions_table(found)} | {
        name: _table(COLUMNS[name], rows[name]) for name in COLUMNS
    }


def _places(predictions: Predictions) -> list[Row]:
    """How many events have their item at each place, from 1 on."""
    listed = predictions.places[predictions.places >= 0]
    counts = np.bincount(listed, minlength=1)[:NUM_PLACES]
    return list(enumerate(counts.tolist(), 1))


def _mistakes(predictions: Predictions, index: TargetIndex) -> list[Row]:
    places = np.where(predictions.places < 0, np.iinfo(np.int64).max, predictions.places)
    worst = np.argsort(-places, kind="stable")[:MAX_MISTAKES]
    return [
        (
            predictions.ids[row],
            index[ITEMS][int(predictions.items[row])],
            int(predictions.places[row]) + 1,
        )
        for row in worst
    ]


def _table(columns: Mapping[str, pa.DataType], rows: Sequence[Row]) -> pa.Table:
    values = zip(*rows, strict=True) if rows else [[]] * len(columns)
    arrays = [pa.array(v, type_) for v, type_ in zip(values, columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))
