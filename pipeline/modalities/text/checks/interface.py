"""The names of modalities/protocols/checks.py, for texts."""

from typing import Any

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import Profile
from pipeline.modalities.protocols.checks import ColumnTable, ContentIndex, Features
from pipeline.modalities.text.checks.relations import ACROSS_SPLITS, AMONG_EXAMPLES, add_relations
from pipeline.modalities.text.content.measurements import MEASUREMENTS, WORDS

__all__ = ["ACROSS_SPLITS", "AMONG_EXAMPLES", "MEASUREMENTS", "WORDS", "add_relations"]

CONTENT = {"text": "string"}
ROW_RULES = ()
COMPARED = [m.name for m in MEASUREMENTS if m.compared]


def add_row_checks(rows: Any) -> None:
    pass


def features(content: ContentIndex) -> Features:
    return Features(COMPARED, COMPARED)


def add_features(table: Any, content: ContentIndex) -> None:
    pass


def tables(
    table: Any, content: ContentIndex, before: Profile | None, settings: Any
) -> list[ColumnTable]:
    return []


def profile(table: Any, content: ContentIndex) -> dict[str, int | float]:
    return {}


def patterns(table: Any, content: ContentIndex) -> Float64:
    found: Float64 = table[COMPARED].to_numpy(np.float64)
    return found
