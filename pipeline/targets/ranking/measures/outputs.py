"""Turns outputs of a network into answers; knows NumPy alone, so that a server can."""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.dataset.rankings.listed import scores_in

CHOOSES = False
RECORDED_AS = "<f4"
"""See `Answers` in targets/opening.py; codes of items must not be rounded."""


def probabilities(outputs: NDArray[np.floating]) -> Float64:
    """Outputs as they are: scores of a ranking are no probabilities."""
    return outputs.astype(np.float64)


def confidence(answers: Float64) -> Float64:
    """The score of the first item of each list, `(N,)`."""
    return scores_in(answers)[:, 0].astype(np.float64)


def watched(answers: Float64) -> dict[str, Float64]:
    """What `monitor` compares of answers `(N, W)`: the best score of each list, and their mean."""
    scores = scores_in(answers)
    return {"scores": np.stack([scores[:, 0], scores.mean(1)], 1)}
