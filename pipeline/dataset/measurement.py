"""The definition of a measurement; free of Arrow, so that a server can measure."""

import math
from typing import NamedTuple


class Measurement(NamedTuple):
    """A number that is measured on each example; the modality has a list of them.

    The list decides the columns of data/raw, what validate expects of them and compares, which ones
    count for outliers, and what cards, metadata and slices show; the words are in the modality's
    `show/`.
    """

    name: str
    """The column of data/raw."""
    type: str
    """Type of the column, by its name in Arrow: int32, float32, uint64."""
    low: float = -math.inf
    """A lower value means that the example is not measured."""
    high: float = math.inf
    compared: bool = False
    """Whether a profile has its quantiles, and validate looks for drift in it."""
    offset: float | None = None
    """How it counts for outliers: 0: as it is; more: as log(value + offset); None: not at all."""
