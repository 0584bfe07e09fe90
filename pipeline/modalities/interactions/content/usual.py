"""How many events people usually have, and of how many items."""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64

MOST = 0.95  # of the users
SEVERAL = 3  # events


def times_usual(counts: Float64) -> Float64:
    """Compare how many events their users have with what 95 % of users have, as a ratio, `(N,)`.

    A user with n events stands in n of the rows, so that each row counts 1 / n.
    """
    if not len(counts):
        return counts
    own = np.maximum(counts, 1)
    order = np.argsort(own, kind="stable")
    shares = np.cumsum(1 / own[order])
    usual = own[order][np.searchsorted(shares, MOST * shares[-1])]
    return own / max(float(usual), 10.0)


def has_one_item(counts: Float64, different: Float64) -> NDArray[np.bool_]:
    """Whether users took one item again and again, which says nothing of their taste.

    Args:
        counts: number of events of each user, `(N,)`.
        different: number of different items of each, `(N,)`.
    """
    found: NDArray[np.bool_] = (counts >= SEVERAL) & (different == 1)
    return found
