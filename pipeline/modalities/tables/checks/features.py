"""Features of a table by which its rows are compared; finite even with missing values."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.modalities.tables.checks.cells import cells_of, input_columns
from pipeline.modalities.tables.content.columns import IS_NUMERIC

PREFIX = "column "
MAX_CATEGORIES, MAX_VALUES = 50, 12


def feature_names(content: Mapping[str, Any]) -> list[str]:
    """Names of features: the share of missing values, and each column of numbers with PREFIX."""
    numeric = [c.name for c in input_columns(content) if IS_NUMERIC[c.kind]]
    return ["missing", *(PREFIX + name for name in numeric)]


def add_columns(table: Any, content: Mapping[str, Any]) -> None:
    """Add a feature for each number; missing ones become the median of the others."""
    columns = [column for column in input_columns(content) if IS_NUMERIC[column.kind]]
    numbers = cells_of(table, columns).numbers
    for place, column in enumerate(columns):
        values = numbers[:, place]
        there = np.isfinite(values)
        middle = np.median(values[there]) if there.any() else 0.0
        table[PREFIX + column.name] = np.where(there, values, middle)


def one_hot(table: Any, content: Mapping[str, Any]) -> Float64:
    """Indicators of the frequent values of categories, `(N, K)`."""
    columns = [column for column in input_columns(content) if not IS_NUMERIC[column.kind]]
    found = []
    for texts in cells_of(table, columns).texts[:MAX_CATEGORIES]:
        column = np.array(texts, object)
        for value, _ in sorted(Counter(texts).most_common(MAX_VALUES)):
            found.append((column == value).astype(np.float64))
    return np.stack(found, axis=1) if found else np.zeros((len(table), 0))
