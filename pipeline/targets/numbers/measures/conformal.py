"""Intervals that hold the right number with a given probability: split conformal prediction.

Lei, G'Sell, Rinaldo, Tibshirani & Wasserman 2018, "Distribution-free predictive inference for
regression". If examples are exchangeable, a new one is within with probability LEVEL or more, for
any network; on average over examples, not for each kind of them. The epoch was chosen on the same
validation examples, which costs a little coverage.
"""

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64

LEVEL = 0.9


def half_width(residuals: NDArray[np.floating], level: float = LEVEL) -> float:
    """Half the width of intervals, in the units of the residuals.

    For N examples that the network has not learnt from, it is the residual of rank
    ceil((N + 1) level), or the largest if there are too few.
    """
    sizes: Float64 = np.sort(np.abs(np.asarray(residuals, np.float64)))
    rank = min(len(sizes), math.ceil((len(sizes) + 1) * level))
    return float(sizes[rank - 1])
