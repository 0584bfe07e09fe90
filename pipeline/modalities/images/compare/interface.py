"""The names of modalities/protocols/compare.py, for images."""

from typing import Any

from pipeline.dataset.arrays import Float64
from pipeline.modalities.images.compare import features as of_images
from pipeline.modalities.images.compare.features import NEEDED, UNUSUAL
from pipeline.modalities.images.compare.features import measurement_distances as distances
from pipeline.modalities.images.compare.loading import load
from pipeline.modalities.images.compare.relations import (
    ACROSS_SPLITS,
    AMONG_EXAMPLES,
    add_relations,
)
from pipeline.modalities.images.compare.reuse import find_pairs_again as find_pairs
from pipeline.modalities.images.compare.row_checks import ROW_RULES, add_row_checks
from pipeline.modalities.images.prepare.measurements import MEASUREMENTS
from pipeline.modalities.protocols.compare import ContentIndex, Features

__all__ = [
    "ACROSS_SPLITS",
    "AMONG_EXAMPLES",
    "MEASUREMENTS",
    "NEEDED",
    "ROW_RULES",
    "UNUSUAL",
    "add_relations",
    "add_row_checks",
    "distances",
    "find_pairs",
    "load",
]

# For validate: features are the same for all images.

CONTENT: dict[str, str] = {}
WORDS = ("mode",)


def features(content: ContentIndex) -> Features:
    return Features(of_images.FEATURES, of_images.COMPARED)


def add_features(table: Any, content: ContentIndex) -> None:
    of_images.add_features(table)


def patterns(table: Any, content: ContentIndex) -> Float64:
    return of_images.patterns(table)
