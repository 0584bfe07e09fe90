"""Values whose tails are slices of the test split."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content.measurements import MEASUREMENTS

SLICED_BY = [m.name for m in MEASUREMENTS if m.compared]
"""Columns of data/clean that `slice_values` reads."""


def slice_values(table: Any) -> dict[str, NDArray[np.float64]]:
    """Values of N rows, `(N,)` each, by a name; `table` has SLICED_BY.

    They are the measurements that are compared, with size and proportions in place of both sides.
    """
    values = {name: np.asarray(table[name], np.float64) for name in SLICED_BY}
    width, height = values.pop("width"), values.pop("height")
    return values | {"pixels": width * height, "width to height": width / height}
