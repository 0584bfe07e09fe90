"""Keys of pairs of images: one int64 each, so that pairs are sorted and compared as numbers.

The lesser place takes the upper 32 bits, the greater the next 31, `mirrored` the last: the order of
keys is that of (lesser, greater, mirrored).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.dataset.arrays import Rows

FIRST_BIT = 32  # the lowest bit of the lesser place
SECOND_MASK = 2**31 - 1


def pack(first: ArrayLike, second: ArrayLike, mirrored: ArrayLike) -> Rows:
    """Keys of P pairs, `(P,)`, from their lesser places, greater places and whether mirrored."""
    first, second, mirrored = (np.asarray(part, np.int64) for part in (first, second, mirrored))
    keys: Rows = first << FIRST_BIT | second << 1 | mirrored
    return keys


def unpack(keys: Rows) -> tuple[Rows, Rows, NDArray[np.bool_]]:
    """Lesser places, greater places, and whether mirrored, of P pairs, `(P,)` each."""
    return keys >> FIRST_BIT, keys >> 1 & SECOND_MASK, (keys & 1).astype(bool)


def sort_distinct(keys: Rows) -> Rows:
    """Each key once, ascending; `keys` are sorted in place."""
    keys.sort()
    new = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    return keys[new]
