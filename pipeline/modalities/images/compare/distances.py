"""How unlike all others images are, by their measurements."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content.measurements import MEASUREMENTS

UNUSUAL = 5.0
"""Of measurements, from which an image is flagged: among photos of CIFAR-10 1 in 170, and of noise,
single colours and digits 37 of 45 (benchmarks/outliers.py, n = 1)."""
MIN_EXAMPLES = 30
"""Of fewer, none could be UNUSUAL: with their own mean it would be (N - 1) / sqrt(N) at most."""
NEEDED = [*(m.name for m in MEASUREMENTS if m.offset is not None), "red", "green", "blue"]
"""Measurements that `measurement_distances` takes."""


def measurement_distances(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """How unusual the measurements with an offset and the colour of each image are, `(N,)`.

    Mahalanobis distances (1936) from the median; see UNUSUAL. NaN where there are fewer than
    MIN_EXAMPLES. `columns` has NEEDED, each `(N,)`.
    """
    values = np.stack(
        [
            *(
                np.log(columns[m.name] + m.offset) if m.offset else columns[m.name]
                for m in MEASUREMENTS
                if m.offset is not None
            ),
            columns["red"] - columns["green"],
            columns["blue"] - columns["green"],
        ],
        axis=1,
    ).astype(np.float64)
    if len(values) < MIN_EXAMPLES:
        return np.full(len(values), np.nan)
    away = values - np.median(values, axis=0)
    covariance = np.cov(values.T)  # that of grey images has no inverse
    inside = np.einsum("ni,ij,nj->n", away, np.linalg.pinv(covariance, hermitian=True), away)
    distances: NDArray[np.float64] = np.sqrt(inside.clip(0))
    return distances
