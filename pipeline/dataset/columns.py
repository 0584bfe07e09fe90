"""Arrays of numbers as columns of Arrow tables, and back."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def binary_column(numbers: NDArray[Any]) -> pa.Array:
    """Make a column of the bytes of each of N rows of an array `(N, ...)`, all of one length."""
    width = numbers.dtype.itemsize * int(np.prod(numbers.shape[1:]))
    buffer = pa.py_buffer(np.ascontiguousarray(numbers))
    return pa.Array.from_buffers(pa.binary(width), len(numbers), [None, buffer])


def numbers_of(column: pa.ChunkedArray, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The rows of `binary_column`, `(N, M)`: of M numbers each."""
    width = column.type.byte_width
    parts = [np.empty(0, dtype), *(_numbers_in(chunk, width, dtype) for chunk in column.chunks)]
    return np.concatenate(parts).reshape(-1, width // dtype.itemsize)


def _numbers_in(chunk: pa.Array, width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """All numbers of a chunk, which may be a part of its buffer."""
    begin = chunk.offset * width
    return np.frombuffer(chunk.buffers()[1][begin : begin + len(chunk) * width], dtype)
