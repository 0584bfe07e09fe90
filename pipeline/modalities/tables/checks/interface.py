"""The names of modalities/protocols/checks.py, for tables: every column is compared."""

from typing import Any

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.modalities.protocols.checks import ContentIndex, Features
from pipeline.modalities.tables.checks.features import add_columns, feature_names, with_quantiles
from pipeline.modalities.tables.content.rows import MEASUREMENTS, WORDS

__all__ = ["MEASUREMENTS", "WORDS"]

CONTENT = {"row": "string"}
ROW_RULES = ()
ACROSS_SPLITS = ()
AMONG_EXAMPLES = ()


def add_row_checks(rows: Any) -> None:
    pass


def add_relations(rows: Any) -> None:
    pass


def features(content: ContentIndex) -> Features:
    return Features(feature_names(content), with_quantiles(content))


def add_features(table: Any, content: ContentIndex) -> None:
    add_columns(table, content)


def patterns(table: Any, content: ContentIndex) -> Float64:
    found: Float64 = table[feature_names(content)].to_numpy(np.float64)
    return found
