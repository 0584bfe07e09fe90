"""From outputs of a network to what is said of them; knows NumPy alone, so that a server can."""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64


def probabilities(outputs: NDArray[np.floating]) -> Float64:
    """Outputs as they are: scores of a ranking are no probabilities."""
    return outputs.astype(np.float64)
