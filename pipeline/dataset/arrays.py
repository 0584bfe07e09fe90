"""Types of arrays, and a sample of rows that represents all."""

import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Rows = NDArray[np.int64]
"""Numbers of rows of a table or an array."""
Keys = NDArray[np.uint64]
"""A key for each of N ids, `(N,)`; see randomness.py."""

GOLDEN = (5**0.5 - 1) / 2


def sample_rows(num: int, most: int) -> NDArray[np.int64]:
    """Choose at most `most` of `num` rows, ascending, spread over all but not periodic: data often
    are (classes in turn). Multiples of the golden ratio (Weyl's equidistribution)."""
    if num <= most:
        return np.arange(num)
    return np.unique((np.arange(most) * GOLDEN % 1 * num).astype(np.int64))
