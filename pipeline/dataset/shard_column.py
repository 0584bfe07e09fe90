"""A column of a shard; knows no Arrow, so that a server can encode."""

import math
from typing import NamedTuple

import numpy as np


class ShardColumn(NamedTuple):
    """A named column whose every value has the same size."""

    name: str
    dtype: str
    """Of NumPy: uint8, int32, float32 …"""
    shape: tuple[int, ...] = ()
    """Of one value; () for a number."""

    @property
    def num_bytes(self) -> int:
        """Of one value."""
        return int(np.dtype(self.dtype).itemsize) * math.prod(self.shape)
