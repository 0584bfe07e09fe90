"""Converts between numbers of people and y, the units of shards and networks.

The key `scale` of the index is `standard` (mean 0 and standard deviation 1 on train) or `log`: the
natural logarithm less its mean on train, so that a step of 1 is a factor of e for any data.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64

if TYPE_CHECKING:
    from pipeline.targets.protocols.labels import TargetIndex

STANDARD, LOG = SCALES = ("standard", "log")
AS_THEY_ARE = {"scale": STANDARD, "mean": 0.0, "std": 1.0}
"""The index before anything is learnt from train."""
MAX_EXPONENT = 700.0  # of e, with a finite result


def to_y(values: NDArray[np.floating], index: "TargetIndex") -> Float64:
    """Convert numbers to y, of the same shape."""
    numbers = np.asarray(values, np.float64)
    if index["scale"] == LOG:
        numbers = np.log(numbers)
    y: Float64 = (numbers - index["mean"]) / index["std"]
    return y


def from_y(y: NDArray[np.floating], index: "TargetIndex") -> Float64:
    """Convert y, or outputs of a network, to numbers; of the same shape."""
    values: Float64 = np.asarray(y, np.float64) * index["std"] + index["mean"]
    return np.exp(values.clip(max=MAX_EXPONENT)) if index["scale"] == LOG else values


def problem_in(index: Mapping[str, Any]) -> str | None:
    """Why an untrusted index has no valid scale; None if it has."""
    if index.get("scale") not in SCALES:
        return f"scale should be {' or '.join(SCALES)}, found {index.get('scale')!r:.60}"
    for name in ("mean", "std"):
        value = index.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            return f"{name} should be a number, found {value!r:.60}"
    if index["std"] <= 0:
        return f"std should be positive, found {index['std']!r:.60}"
    return None


def in_words(value: float) -> str:
    """Format a number for people."""
    return f"{value:.5g}"
