"""Columns of a table as finite numbers, by which examples are compared."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.modalities.tables.content.columns import IS_NUMERIC, columns_of
from pipeline.modalities.tables.content.matrix import matrix_of
from pipeline.modalities.tables.content.rows import read_row


def feature_names(content: Mapping[str, Any]) -> list[str]:
    return ["missing", *(f"column {name}" for name in _numeric(content))]


def with_quantiles(content: Mapping[str, Any]) -> list[str]:
    return feature_names(content)


def add_columns(table: Any, content: Mapping[str, Any]) -> None:
    """Add a feature for each number; where it is missing, the median of the others."""
    columns = [c for c in columns_of(content.get("options", {})) if IS_NUMERIC[c.kind]]
    numbers = matrix_of([read_row(text) for text in table["row"]], columns).numbers
    for place, column in enumerate(columns):
        values = numbers[:, place]
        there = np.isfinite(values)
        middle = np.median(values[there]) if there.any() else 0.0
        table[f"column {column.name}"] = np.where(there, values, middle)


def _numeric(content: Mapping[str, Any]) -> list[str]:
    columns = columns_of(content.get("options", {}))
    return [column.name for column in columns if IS_NUMERIC[column.kind]]
