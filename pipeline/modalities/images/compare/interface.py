"""The names of modalities/protocols/compare.py, for images."""

from pipeline.modalities.images.compare.distances import NEEDED, UNUSUAL
from pipeline.modalities.images.compare.distances import measurement_distances as distances
from pipeline.modalities.images.compare.loading import load
from pipeline.modalities.images.compare.reuse import find_pairs_again as find_pairs

__all__ = ["NEEDED", "UNUSUAL", "distances", "find_pairs", "load"]
