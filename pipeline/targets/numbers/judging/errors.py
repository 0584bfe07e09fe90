"""The mean absolute error on some examples, with its interval."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.targets.bootstrap import LEVEL, Owners


class MeanError(NamedTuple):
    """The mean absolute error on some examples, with a 95 % interval."""

    num: int
    mae: float
    low: float
    high: float


def mean_error(errors: Float64, owners: Owners | None = None) -> MeanError:
    """The mean of the errors of at least one example, `(N,)`, with a normal interval.

    With groups, the variance is that of the sums of the groups.
    """
    sizes = np.abs(errors)
    num, mae = len(sizes), float(sizes.mean())
    surplus: Float64 = sizes - mae
    if owners is not None:
        group = np.unique(owners, return_inverse=True)[1]
        surplus = np.bincount(group, surplus).astype(np.float64)
    of_one = len(surplus) / max(len(surplus) - 1, 1)
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * float(
        np.sqrt((surplus**2).sum() * of_one) / num
    )
    return MeanError(num, mae, max(0.0, mae - reach), mae + reach)
