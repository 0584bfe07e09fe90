"""The names of modalities/protocols/checks.py, for images; features are the same for all."""

from typing import Any

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import Profile
from pipeline.modalities.images.checks import features as of_images
from pipeline.modalities.images.checks.relations import (
    ACROSS_SPLITS,
    AMONG_EXAMPLES,
    add_relations,
)
from pipeline.modalities.images.checks.row_checks import ROW_RULES, add_row_checks
from pipeline.modalities.images.content.measurements import MEASUREMENTS
from pipeline.modalities.protocols.checks import ColumnTable, ContentIndex, Features

__all__ = [
    "ACROSS_SPLITS",
    "AMONG_EXAMPLES",
    "MEASUREMENTS",
    "ROW_RULES",
    "add_relations",
    "add_row_checks",
]

CONTENT: dict[str, str] = {}
WORDS = ("mode",)


def features(content: ContentIndex) -> Features:
    return Features(of_images.FEATURES, of_images.COMPARED)


def add_features(table: Any, content: ContentIndex) -> None:
    of_images.add_features(table)


def tables(
    table: Any, content: ContentIndex, before: Profile | None, settings: Any
) -> list[ColumnTable]:
    """No tables: features cover all that is compared."""
    return []


def profile(table: Any, content: ContentIndex) -> dict[str, int | float]:
    return {}


def patterns(table: Any, content: ContentIndex) -> Float64:
    return of_images.patterns(table)
