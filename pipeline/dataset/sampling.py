"""A few rows that stand for many."""

import numpy as np
from numpy.typing import NDArray

GOLDEN = (5**0.5 - 1) / 2


def sample_rows(num: int, most: int) -> NDArray[np.int64]:
    """At most `most` of `num` rows, ascending, spread over all of them but not periodic: data often
    are (classes in turn). Multiples of the golden ratio (Weyl's equidistribution)."""
    if num <= most:
        return np.arange(num)
    return np.unique((np.arange(most) * GOLDEN % 1 * num).astype(np.int64))
