"""Answers from outputs of a network; needs only NumPy, for servers."""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64

CHOOSES = False
RECORDED_AS = "<f2"
"""See `Answers` in targets/opening.py, as for `watched`."""


def probabilities(outputs: NDArray[np.floating]) -> Float64:
    """Outputs unchanged, in units of y: a number has no probability."""
    return outputs.astype(np.float64)


def confidence(answers: Float64) -> None:
    """None: a number has no confidence."""
    return None


def watched(answers: Float64) -> dict[str, Float64]:
    """What `monitor` compares of answers `(N, 1)`."""
    return {"answers": answers}
