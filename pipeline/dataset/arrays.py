"""Arrays of numbers: what they are called."""

import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Rows = NDArray[np.int64]
"""Numbers of rows of a table or an array."""
Keys = NDArray[np.uint64]
"""A key for each of N ids, `(N,)`; see randomness.py."""
