"""A column of a shard; free of Arrow, so that a server can encode."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

INPUT = "x"
"""The usual name of the input column of a modality with a single one."""


class ShardColumn(NamedTuple):
    """A named column whose every value has the same size."""

    name: str
    dtype: str
    """Type in NumPy: uint8, int32, float32 …"""
    shape: tuple[int, ...] = ()
    """Shape of one value; () for a number."""

    @property
    def num_bytes(self) -> int:
        """Bytes of one value."""
        return int(np.dtype(self.dtype).itemsize) * math.prod(self.shape)

    @classmethod
    def of(cls, name: str, values: NDArray) -> "ShardColumn":
        """Describe the column of these values, `(N, ...)`."""
        return cls(name, str(values.dtype), values.shape[1:])

    @classmethod
    def read(cls, described: Mapping[str, Any]) -> "ShardColumn":
        """Read a column from its description in index.json."""
        return cls(described["name"], described["dtype"], tuple(described["shape"]))

    def zeros(self, num: int) -> NDArray:
        return np.zeros((num, *self.shape), self.dtype)

    def empty(self, num: int) -> NDArray:
        """Allocate `num` values."""
        return np.empty((num, *self.shape), self.dtype)
