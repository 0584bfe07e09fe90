"""Probabilities from outputs of a network; needs only NumPy, for servers."""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64


def probabilities(outputs: NDArray[np.floating]) -> Float64:
    """See `Judging.probabilities`."""
    return softmax(outputs)


def softmax(logits: NDArray[np.floating]) -> Float64:
    """Probabilities `(N, K)` of logits `(N, K)`."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: Float64 = shifted / shifted.sum(1, keepdims=True)
    return shares
