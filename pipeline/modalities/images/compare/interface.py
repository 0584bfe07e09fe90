"""The names of modalities/protocols/compare.py, for images."""

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.compare.distances import NEEDED, UNUSUAL
from pipeline.modalities.images.compare.distances import measurement_distances as distances
from pipeline.modalities.images.compare.loading import load
from pipeline.modalities.images.compare.reuse import find_pairs_again as find_pairs
from pipeline.modalities.images.content.arrays import Images

__all__ = ["NEEDED", "UNUSUAL", "distances", "find_pairs", "load", "tells_apart"]


def tells_apart(loaded: Images) -> NDArray[np.bool_]:
    """No two images are the same by chance."""
    return np.ones(len(loaded), np.bool_)
