"""Metrics as functions of sums over events, so that drawing other users is adding other rows.

All items are ranked for each user, none is sampled (Krichene & Rendle 2020). A user with n test
events has n rows, each of which counts 1 / n, so that users count alike:

- NDCG at 10 (Järvelin & Kekäläinen 2002) with gains of 1: each item that was taken counts
  1 / log2(place + 2), by the sum for the best list there could be;
- recall at 20: the share of what was taken that is among the first 20.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64
from pipeline.targets.ranking.judging.predictions import Predictions

CUT_NDCG, CUT_RECALL = 10, 20
WEIGHT, NDCG, RECALL = range(3)


def event_scores(predictions: Predictions) -> sparse.csr_array:
    """A row for each of N events, `(N, 3)`."""
    return sparse.csr_array(dense_scores(predictions.places, predictions.users))


def dense_scores(places: NDArray[np.int64], users: NDArray[np.int64]) -> Float64:
    """See above; `places` from 0 on, -1 for not listed."""
    num = np.bincount(users)[users] if len(users) else users
    ideal = np.cumsum(1 / np.log2(np.arange(2, CUT_NDCG + 2)))
    best = ideal[np.minimum(num, CUT_NDCG) - 1]
    listed = places >= 0
    gain = np.where(listed & (places < CUT_NDCG), 1 / np.log2(np.maximum(places, 0) + 2), 0)
    hit = listed & (places < CUT_RECALL)
    return np.stack([1 / num, gain / best, hit / num], 1)


def metrics_of(sums: Float64) -> dict[str, Float64]:
    """Means over users, of sums of rows `(..., 3)`: each of shape `(...)`."""
    weight = sums[..., WEIGHT]
    return {"ndcg_10": sums[..., NDCG] / weight, "recall_20": sums[..., RECALL] / weight}
