"""Examples that lie behind a large gap in time: of a wrong year, or of a unit read as another."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MIN_TIMES = 50
"""Different times; of fewer, drawn at random, the largest gap may be as long."""
MAX_GAP = 0.2
"""The share of the time from the first to the last."""


def times_as_numbers(times: pd.Series) -> NDArray[np.float64]:
    """Times of N examples, `(N,)`, moments in microseconds; NaN for none."""
    if times.dtype.kind != "M":
        return times.to_numpy(np.float64, na_value=np.nan)
    moments = times.to_numpy("datetime64[us]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64))


def beyond_gap(times: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Find the examples on the smaller side of the longest gap, `(N,)`.

    Args:
        times: one of each example, in any unit, `(N,)`; NaN for none.

    Returns:
        False for all where no gap is longer than MAX_GAP of the whole, or times are few.
    """
    distinct = np.unique(times[np.isfinite(times)])
    nowhere = np.zeros(len(times), np.bool_)
    if len(distinct) < MIN_TIMES:
        return nowhere
    gaps = np.diff(distinct)
    longest = int(gaps.argmax())
    if gaps[longest] <= MAX_GAP * (distinct[-1] - distinct[0]):
        return nowhere
    later, earlier = times > distinct[longest], times <= distinct[longest]
    smaller: NDArray[np.bool_] = later if later.sum() <= earlier.sum() else earlier
    return smaller
