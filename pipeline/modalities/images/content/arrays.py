"""Arrays of pixels."""

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""Pixels, `(N, H, W, C)`, or of one image `(H, W, C)`."""

INPUT = "x"
"""The column of shards that has the pixels."""
