"""Tensors of the Open Inference Protocol v2, in JSON and as bytes behind it."""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

BYTES = "BYTES"
DTYPES = {
    "BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
    "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64", "FP16": "float16",
    "FP32": "float32", "FP64": "float64",
}  # fmt: skip
DATATYPES = {dtype: name for name, dtype in DTYPES.items()}
LENGTH = struct.Struct("<I")
MOST_LETTERS = 200  # of a name


def pack(values: Sequence[bytes]) -> bytes:
    """BYTES: each behind its length."""
    return b"".join(LENGTH.pack(len(value)) + value for value in values)


def _unpack(content: bytes) -> list[bytes]:
    values, at = [], 0
    while at < len(content):
        if at + LENGTH.size > len(content):
            raise ValueError("BYTES end within a length")
        (length,) = LENGTH.unpack_from(content, at)
        at += LENGTH.size
        if at + length > len(content):
            raise ValueError("BYTES end within a value")
        values.append(content[at : at + length])
        at += length
    return values


def read_tensor(described: Mapping[str, Any], rest: bytes) -> tuple[str, Any, bytes]:
    """Name and value of an input, and the bytes behind it.

    Args:
        described: the input in the JSON of a request.
        rest: the bytes behind that JSON, less those of earlier inputs.

    Raises:
        ValueError: it is wrong; says why.
    """
    name, datatype, shape = (described.get(key) for key in ("name", "datatype", "shape"))
    if not isinstance(name, str) or len(name) > MOST_LETTERS:
        raise ValueError("an input should have a name")
    if not isinstance(shape, list) or not all(type(n) is int and 0 <= n < 1 << 31 for n in shape):
        raise ValueError(f"shape of {name} should be a list of numbers")
    parameters = described.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None and not (type(size) is int and 0 <= size <= len(rest)):
        raise ValueError(f"binary_data_size of {name} is more than there is")
    num = math.prod(shape)
    if datatype == BYTES:
        given = _unpack(rest[:size]) if size is not None else described.get("data")
        if not isinstance(given, list) or len(given) != num:
            raise ValueError(f"{name} should have {num} values, as its shape says")
        return name, given, rest[size or 0 :]
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise ValueError(f"datatype of {name} should be one of {', '.join([BYTES, *DTYPES])}")
    dtype = np.dtype(DTYPES[datatype]).newbyteorder("<")
    if size is not None:
        if size != num * dtype.itemsize:
            raise ValueError(f"{name} has {size} bytes, its shape needs {num * dtype.itemsize}")
        array = np.frombuffer(rest[:size], dtype)
    else:
        array = _numbers(described.get("data"), dtype, name)
        if array.size != num:
            raise ValueError(f"{name} should have {num} values, as its shape says")
    return name, array.astype(dtype.newbyteorder("="), copy=False).reshape(shape), rest[size or 0 :]


def _numbers(data: Any, dtype: np.dtype, name: str) -> NDArray:
    try:
        given = np.asarray(data)
        if given.dtype.kind not in "biuf":
            raise ValueError("no numbers")
        with np.errstate(invalid="ignore"):
            array: NDArray = given.astype(dtype)
        if dtype.kind in "iu" and (array != given).any():
            raise ValueError(f"no {dtype.name}")
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"data of {name}: {error}") from None
    return array.ravel()
