"""A metric of each example by itself, where the metric is a mean over examples."""

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64
from pipeline.targets.protocols.judging import Judging

ROWS_AT_ONCE = 512


def by_example(judging: Judging, metric: str, scores: sparse.csr_array) -> Float64 | None:
    """Values of a metric, `(N,)`, of rows `(N, M)` of `Judging.scores`.

    None of a metric that is no mean over examples, such as F1.
    """
    parts = [
        judging.metrics_of(scores[start : start + ROWS_AT_ONCE].toarray())[metric]
        for start in range(0, scores.shape[0], ROWS_AT_ONCE)
    ]
    values: Float64 = np.concatenate(parts)
    of_all = float(judging.metrics_of(np.asarray(scores.sum(0)))[metric])
    return values if np.isclose(values.mean(), of_all, rtol=1e-4) else None
