"""Gaussian weights, to blur images before they are compared."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def gaussian_weights(
    size: int, centres: ArrayLike, sigma: float, least: float, margin: int = 0
) -> NDArray[np.float32]:
    """Weights of `size` pixels around each of T centres, `(T, size)`; each row sums to 1.

    Args:
        centres: in pixels, 0 for the middle of the first; `(T,)`.
        sigma: standard deviation, in pixels.
        least: weights below this share of the largest possible one are 0. Subnormal numbers would
            make products 40 times slower.
        margin: number of pixels at either end without weight.
    """
    distance = np.arange(size) - np.asarray(centres)[:, None]
    weights = np.exp(-0.5 * (distance / sigma) ** 2)
    weights[:, :margin] = 0
    weights[:, size - margin :] = 0
    weights[weights < least] = 0
    scaled: NDArray[np.float32] = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return scaled
