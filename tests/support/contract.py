"""What the contract tests of modalities and of targets share."""

import copy
import inspect
import json
import math
from typing import Any

import numpy as np


def assert_has_names(module: Any, protocol: type) -> None:
    """A module has all names of a Protocol, and its functions the same parameters."""
    for name in getattr(protocol, "__annotations__", {}):
        assert hasattr(module, name), name
    for name, function in inspect.getmembers(protocol, inspect.isfunction):
        if not name.startswith("_"):
            _, *expected = inspect.signature(function).parameters.values()
            parameters = inspect.signature(getattr(module, name)).parameters.values()
            assert [(p.name, p.kind) for p in parameters] == [(e.name, e.kind) for e in expected], (
                f"{module} {name}"
            )


def assert_same(one: Any, other: Any) -> None:
    """Dictionaries of arrays are the same to the byte, in the same order."""
    assert list(one) == list(other)
    for name in one:
        assert one[name].dtype == other[name].dtype, name
        assert one[name].shape == other[name].shape, name
        assert one[name].tobytes() == other[name].tobytes(), name


def rows_of(inputs: dict[str, np.ndarray], rows: Any) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in inputs.items()}


def unchanged(values: Any) -> Any:
    """A deep copy, to compare with after a call."""
    return copy.deepcopy(values)


def assert_json(value: Any) -> None:
    """What is written as JSON and read again is the same, and all numbers are finite."""
    assert json.loads(json.dumps(value, allow_nan=False)) == value


def assert_one_line(text: Any) -> None:
    """Something that a terminal shows as one line."""
    assert isinstance(text, str)
    assert text.strip()
    assert text.isprintable(), repr(text)
    assert len(text) < 1000


def assert_finite(values: Any) -> None:
    assert all(math.isfinite(v) for v in np.asarray(values, np.float64).ravel())


def assert_png(path: Any) -> None:
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n"), path
