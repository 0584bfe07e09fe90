"""A column of a shard; knows no Arrow, so that a server can encode."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

INPUT = "x"
"""The usual name of the input column of a modality that has one alone."""


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

    @classmethod
    def of(cls, name: str, values: NDArray) -> "ShardColumn":
        """The column of these values, `(N, ...)`."""
        return cls(name, str(values.dtype), values.shape[1:])

    @classmethod
    def read(cls, described: Mapping[str, Any]) -> "ShardColumn":
        """The column as index.json describes it."""
        return cls(described["name"], described["dtype"], tuple(described["shape"]))

    def zeros(self, num: int) -> NDArray:
        return np.zeros((num, *self.shape), self.dtype)

    def empty(self, num: int) -> NDArray:
        """Room for `num` values."""
        return np.empty((num, *self.shape), self.dtype)
