"""The names of modalities/protocols/checks.py, for tables: every column is checked."""

from typing import Any

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import Profile
from pipeline.modalities.protocols.checks import ColumnTable, ContentIndex, Features
from pipeline.modalities.tables.checks.cells import cells_of, input_columns
from pipeline.modalities.tables.checks.column_table import column_rules, column_table
from pipeline.modalities.tables.checks.counts import column_profile
from pipeline.modalities.tables.checks.features import add_columns, feature_names, one_hot
from pipeline.modalities.tables.content.rows import MEASUREMENTS, WORDS
from pipeline.modalities.tables.content.surprise import coded_matrix, telling

__all__ = ["MEASUREMENTS", "WORDS"]

CONTENT = {"row": "string"}
ROW_RULES = ()
ACROSS_SPLITS = ()
AMONG_EXAMPLES = ()


def add_row_checks(rows: Any) -> None:
    pass


def add_relations(rows: Any) -> None:
    """Add relations; rows with too little information do not count as copies of each other."""
    tells_apart = telling(coded_matrix(cells_of(rows)))
    for name in ("repeated", "leaked"):
        if name in rows:
            rows[name] = rows[name].to_numpy(np.bool_) & tells_apart


def features(content: ContentIndex) -> Features:
    names = feature_names(content)
    return Features(names, names)


def add_features(table: Any, content: ContentIndex) -> None:
    add_columns(table, content)


def tables(
    table: Any, content: ContentIndex, before: Profile | None, settings: Any
) -> list[ColumnTable]:
    rows = column_table(table, content, before)
    if rows.empty:
        return []
    return [ColumnTable(rows, column_rules(before, settings.max_drift), "columns")]


def profile(table: Any, content: ContentIndex) -> dict[str, int | float]:
    return column_profile(cells_of(table, input_columns(content)))


def patterns(table: Any, content: ContentIndex) -> Float64:
    return np.column_stack(
        [table[feature_names(content)].to_numpy(np.float64), one_hot(table, content)]
    )
