"""Distance of an image's measurements from those of the other images."""

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.prepare.measurements import Measurements

UNUSUAL = 5.0
"""Distance from which an image is flagged: among photos of CIFAR-10 1 in 170, and of noise, single
colours and digits 37 of 45 (benchmarks/outliers.py, n = 1)."""


def measurement_distances(measurements: Measurements) -> NDArray[np.float64]:
    """Mahalanobis distances (1936) from the median of all N images, `(N,)`; see UNUSUAL.

    Measured are brightness, contrast, sharpness and colour together.
    """
    values = np.stack(
        [
            measurements.brightness,
            np.log(measurements.contrast + 1e-2),
            np.log(measurements.sharpness + 1e-4),
            measurements.red - measurements.green,
            measurements.blue - measurements.green,
        ],
        axis=1,
    ).astype(np.float64)
    if len(values) < 2:
        return np.zeros(len(values))
    away = values - np.median(values, axis=0)
    covariance = np.cov(values.T)  # that of grey images has no inverse
    inside = np.einsum("ni,ij,nj->n", away, np.linalg.pinv(covariance, hermitian=True), away)
    distances: NDArray[np.float64] = np.sqrt(inside.clip(0))
    return distances
