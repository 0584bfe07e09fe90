"""What a measurement is; knows no Arrow, so that a server can measure."""

import math
from typing import NamedTuple


class Measurement(NamedTuple):
    """A number that is measured on each example; the modality has a list of them.

    From the list follow the columns of data/raw, what validate expects of them and compares, which
    count for outliers, and what cards, metadata and slices show; the words are in the modality's
    `show/`.
    """

    name: str
    """The column of data/raw."""
    type: str
    """Of the column, by its name in Arrow: int32, float32, uint64."""
    low: float = -math.inf
    """Less, and the example is not measured."""
    high: float = math.inf
    compared: bool = False
    """Whether a profile has its quantiles, and drift is looked for in it."""
    offset: float | None = None
    """How it counts for outliers: 0 as it is, more by the logarithm of it and this; None not."""
