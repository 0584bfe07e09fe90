"""Off-topic and broken images: those that lie far from all others in an embedding space.

The score is the mean cosine distance to the k nearest neighbours, which holds its own against
what is more involved (Kuan & Mueller 2022, "Back to the Basics: Revisiting Out-of-Distribution
Detection Baselines", arXiv 2207.03061).
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.neighbours import Neighbours, nearest

NUM_NEIGHBOURS = 10
FAR = 6.0
"""Robust standard deviations of log scores above their median, from which a row is flagged."""
MAD_TO_STD = 1.4826  # of a normal distribution


def outlier_scores(embeddings: NDArray, folds: NDArray[np.int64] | None = None) -> NDArray:
    """Mean cosine distance of each row to its nearest neighbours, 0 to 2, float32 `(N,)`.

    Args:
        embeddings: `(N, D)`, finite.
        folds: number of the model that made each row, `(N,)`: rows are only compared with those of
            the same; None for one model.
    """
    scores = np.zeros(len(embeddings), np.float32)
    for rows in _by_fold(folds, len(embeddings)):
        vectors = embeddings[rows]
        k = min(NUM_NEIGHBOURS, len(rows) - 1)
        if k > 0:
            found = nearest(vectors, vectors, k, selves=np.arange(len(rows)))
            scores[rows] = (1 - found.similarities).mean(1)
    return scores


def flag_outliers(
    scores: NDArray[np.float32], folds: NDArray[np.int64] | None = None
) -> NDArray[np.bool_]:
    """Rows whose score is far above what is usual in their fold, `(N,)`."""
    flagged = np.zeros(len(scores), bool)
    for rows in _by_fold(folds, len(scores)):
        logs = np.log(scores[rows].astype(np.float64).clip(1e-6))
        usual = np.median(logs)
        spread = MAD_TO_STD * np.median(np.abs(logs - usual))
        flagged[rows] = logs > usual + FAR * max(spread, 1e-6)
    return flagged


def find_neighbours(
    embeddings: NDArray, rows: NDArray[np.int64], k: int, folds: NDArray[np.int64] | None = None
) -> Neighbours:
    """The k nearest rows of each of a few `rows`, of the same fold; see `nearest`.

    Memory beyond the embeddings: those of one fold, and blocks.
    """
    nearest_rows = np.full((len(rows), k), -1, np.int64)
    similarities = np.full((len(rows), k), -np.inf, np.float32)
    for members in _by_fold(folds, len(embeddings)):
        asked = np.flatnonzero(np.isin(rows, members))
        if not len(asked):
            continue
        selves = np.searchsorted(members, rows[asked])
        found = nearest(embeddings[rows[asked]], embeddings[members], k, selves=selves)
        nearest_rows[asked] = np.where(found.rows < 0, -1, members[found.rows])
        similarities[asked] = found.similarities
    return Neighbours(nearest_rows, similarities)


def _by_fold(folds: NDArray[np.int64] | None, num: int) -> list[NDArray[np.int64]]:
    if folds is None:
        return [np.arange(num)]
    return [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
