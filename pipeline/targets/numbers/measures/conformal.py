"""Intervals that hold the right number with a stated probability: split conformal prediction.

Lei, G'Sell, Rinaldo, Tibshirani & Wasserman 2018, "Distribution-free predictive inference for
regression". Where examples are exchangeable, a new one lies within with LEVEL at least, whatever
the network; on average over examples, not for each kind of them. The epoch was chosen on the same
validation examples, which costs a little of it.
"""

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64

LEVEL = 0.9


def half_width(residuals: NDArray[np.floating], level: float = LEVEL) -> float:
    """How far an interval reaches to either side, in the units of the residuals.

    Of N examples that the network has not learnt from it is the residual of rank
    ceil((N + 1) level); the largest where there are too few for that.
    """
    sizes: Float64 = np.sort(np.abs(np.asarray(residuals, np.float64)))
    rank = min(len(sizes), math.ceil((len(sizes) + 1) * level))
    return float(sizes[rank - 1])
