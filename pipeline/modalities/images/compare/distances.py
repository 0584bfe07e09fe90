"""Distances of images from all others, by their measurements."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content.measurements import MEASUREMENTS

UNUSUAL = 5.0
"""Distance of measurements from which an image is flagged: 1 in 170 photos of CIFAR-10, and 37 of
45 images of noise, single colours and digits (benchmarks/outliers.py, n = 1)."""
MIN_EXAMPLES = 30
"""The fewest of which one could be UNUSUAL: a distance is at most (N - 1) / sqrt(N)."""
NEEDED = [*(m.name for m in MEASUREMENTS if m.offset is not None), "red", "green", "blue"]
"""Measurements that `measurement_distances` takes."""


def measurement_distances(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """How unusual the measurements with an offset and the colour of each image are, `(N,)`.

    Mahalanobis distances (1936) from the median; see UNUSUAL. NaN with fewer than MIN_EXAMPLES.
    `columns` has NEEDED, each `(N,)`.
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
    covariance = np.cov(values.T)  # the covariance of grey images has no inverse
    inside = np.einsum("ni,ij,nj->n", away, np.linalg.pinv(covariance, hermitian=True), away)
    distances: NDArray[np.float64] = np.sqrt(inside.clip(0))
    return distances
