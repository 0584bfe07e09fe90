"""How unusual the measurements of a text are: robust deviations, the largest counts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.modalities.text.content.measurements import MEASUREMENTS

OFFSETS = {m.name: m.offset for m in MEASUREMENTS if m.offset is not None}
NEEDED = tuple(OFFSETS)
LEAST_SPREAD = {0.0: 0.1, 1.0: 0.25}
"""The least spread of a share, and of the logarithm of a count: less is none to measure by."""


def distances(columns: Mapping[str, NDArray[Any]]) -> Float64:
    """How many usual deviations each text is off in the measurement where it is most, `(N,)`."""
    num = len(next(iter(columns.values())))
    found = np.zeros(num)
    if not num:
        return found
    for name, offset in OFFSETS.items():
        values = columns[name].astype(np.float64)
        values = np.log(values + offset) if offset else values
        middle = np.median(values)
        usual = max(1.4826 * float(np.median(np.abs(values - middle))), LEAST_SPREAD[float(offset)])
        found = np.maximum(found, np.abs(values - middle) / usual)
    return found
