"""Compares two forecasts, whose errors are correlated in time.

Examples that are near in time are not independent evidence, even less if horizons overlap. So the
bootstrap draws blocks of consecutive times (Künsch 1989), and the test of Diebold and Mariano
(1995) adds autocovariances to the variance of the mean difference of losses (Newey and West 1987).
"""

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.dataset.splits.times import Ordinals
from pipeline.targets.bootstrap import Owners, owners_of
from pipeline.targets.protocols.judging import TestSplit


def block_length(num_times: int, horizon: int) -> int:
    """Number of consecutive times in a block: at least those whose horizons overlap."""
    return max(1, horizon, int(np.rint(num_times ** (1 / 3))))


def block_owners(times: Ordinals, horizon: int) -> Owners:
    """Number the blocks of times, `(N,)` by example.

    Args:
        horizon: in steps from one time to the next.
    """
    _, step = np.unique(times, return_inverse=True)
    owners: Owners = (step // block_length(int(step.max()) + 1, horizon)).astype(np.int64)
    return owners


def independent_owners(test: TestSplit) -> Owners | None:
    """The units to resample of a test split: blocks of times if it has times, else groups."""
    if test.times is not None:
        return block_owners(test.times.ordinals, test.times.horizon)
    return owners_of(test.ids, test.groups)


def diebold_mariano(losses: Float64, others: Float64, times: Ordinals, horizon: int) -> float:
    """The t value of the mean difference of losses; below -2 the first forecast is surely better.

    The mean of several examples at one time counts. NaN if nothing differs, or with fewer than
        three times.

    Args:
        losses: losses of the first forecast, `(N,)`; `others` those of the second.
        horizon: in steps, as for `block_owners`.
    """
    _, step = np.unique(times, return_inverse=True)
    difference = np.bincount(step, losses - others) / np.bincount(step)
    num = len(difference)
    lags = min(num - 1, max(horizon - 1, int(np.rint(num ** (1 / 3)))))
    centred = difference - difference.mean()
    variance = float(centred @ centred) / num
    for lag in range(1, lags + 1):
        weight = 1 - lag / (lags + 1)
        variance += 2 * weight * float(centred[lag:] @ centred[:-lag]) / num
    if num < 3 or variance <= 0:
        return float("nan")
    return float(difference.mean() / np.sqrt(variance / num))
