"""Probabilities from outputs of a network; needs only NumPy, for servers."""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64

CHOOSES = True
RECORDED_AS = "<f2"
"""See `Answers` in targets/opening.py, as for `watched`."""


def probabilities(outputs: NDArray[np.floating]) -> Float64:
    """See `Judging.probabilities`."""
    return softmax(outputs)


def confidence(answers: Float64) -> Float64:
    """The probability of the label that each answer names, `(N,)`."""
    found: Float64 = answers.max(1)
    return found


def watched(answers: Float64) -> dict[str, Float64]:
    """What `monitor` compares of answers `(N, K)`, beside which of them is the greatest."""
    return {"confidence": answers.max(1, keepdims=True)}


def softmax(logits: NDArray[np.floating]) -> Float64:
    """Probabilities `(N, K)` of logits `(N, K)`."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: Float64 = shifted / shifted.sum(1, keepdims=True)
    return shares
