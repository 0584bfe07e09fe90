"""Off-topic examples, by how far they lie from all others in an embedding space.

The score is the mean cosine distance to the nearest neighbours, which is as good as more complex
methods (Kuan & Mueller 2022, "Back to the Basics: Revisiting Out-of-Distribution Detection
Baselines", arXiv 2207.03061). It ranks, but is too unsure to flag: photos of a kind that a network
has not learnt have an AUROC of 0.72 (docs/decisions/outliers.md).

The network is blind to defects such as noise, which measurements show; see `distances` of
modalities/protocols/compare.py.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import sample_rows
from pipeline.modalities.neighbours import Neighbours, nearest

NUM_NEIGHBOURS = 50
"""More than the usual 10, since broken examples come in groups of mutual neighbours."""
MAX_COMPARED = 20_000
"""Most rows of a fold to compare each row with, so that time grows linearly."""


def outlier_scores(embeddings: NDArray, folds: NDArray[np.int64] | None = None) -> NDArray:
    """Mean cosine distance of each row to its nearest neighbours, 0 to 2, float32 `(N,)`.

    NaN for a row without neighbours.

    Args:
        embeddings: `(N, D)`, finite.
        folds: number of the model that made each row, `(N,)`: rows are only compared within a
            model; None for one model.
    """
    scores = np.full(len(embeddings), np.nan, np.float32)
    for rows in _by_fold(folds, len(embeddings)):
        compared = sample_rows(len(rows), MAX_COMPARED)
        k = min(NUM_NEIGHBOURS, len(compared) - 1)
        if k > 0:
            selves = np.full(len(rows), -1)
            selves[compared] = np.arange(len(compared))
            vectors = embeddings[rows]
            found = nearest(vectors, vectors[compared], k, selves=selves)
            scores[rows] = (1 - found.similarities).mean(1)
    return scores


def find_neighbours(
    embeddings: NDArray, rows: NDArray[np.int64], k: int, folds: NDArray[np.int64] | None = None
) -> Neighbours:
    """The k nearest rows of the same fold for each of a few `rows`; see `nearest`.

    It takes memory for the embeddings of one fold, and for blocks.
    """
    nearest_rows = np.full((len(rows), k), -1, np.int64)
    similarities = np.full((len(rows), k), -np.inf, np.float32)
    for members in _by_fold(folds, len(embeddings)):
        queries = np.flatnonzero(np.isin(rows, members))
        if not len(queries):
            continue
        selves = np.searchsorted(members, rows[queries])
        found = nearest(embeddings[rows[queries]], embeddings[members], k, selves=selves)
        nearest_rows[queries] = np.where(found.rows < 0, -1, members[found.rows])
        similarities[queries] = found.similarities
    return Neighbours(nearest_rows, similarities)


def _by_fold(folds: NDArray[np.int64] | None, num: int) -> list[NDArray[np.int64]]:
    if folds is None:
        return [np.arange(num)] if num else []
    return [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
