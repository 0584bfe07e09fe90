"""Rows as arrays: numbers or texts for each column of the table."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.modalities.tables.content.columns import DATE, IS_NUMERIC, TableColumn
from pipeline.modalities.tables.content.rows import Row
from pipeline.modalities.tables.content.values import Value, days

MISSING = ""
"""The text of a missing category."""
WORDS_OF_BOOLEANS = {True: "true", False: "false"}


class Matrix(NamedTuple):
    """N rows."""

    numbers: Float64
    """`(N, F)`; NaN for missing. Dates are days since 1970."""
    texts: list[list[str]]
    """N texts for each category; MISSING for none."""
    number_names: list[str]
    text_names: list[str]


def matrix_of(rows: Sequence[Row], columns: Sequence[TableColumn]) -> Matrix:
    """Convert rows to arrays; a value that does not fit its column counts as missing."""
    numeric = [column for column in columns if IS_NUMERIC[column.kind]]
    others = [column for column in columns if not IS_NUMERIC[column.kind]]
    numbers = np.full((len(rows), len(numeric)), np.nan)
    for place, column in enumerate(numeric):
        read = _day if column.kind == DATE else _number
        numbers[:, place] = [read(row.get(column.name)) for row in rows]
    texts = [[_text(row.get(column.name)) for row in rows] for column in others]
    return Matrix(numbers, texts, [c.name for c in numeric], [c.name for c in others])


def codes_of(texts: Sequence[str], values: Sequence[str]) -> NDArray[np.int32]:
    """Codes of texts: 0 for one not in `values`, 1 for MISSING, from 2 on the values in order."""
    codes = {text: code for code, text in enumerate(values, 2)}
    codes[MISSING] = 1
    return np.fromiter((codes.get(text, 0) for text in texts), np.int32, len(texts))


def _number(value: Value) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value is not None else np.nan


def _day(value: Value) -> float:
    try:
        return days(value) if isinstance(value, str) else np.nan
    except ValueError:
        return np.nan


def _text(value: Value) -> str:
    if value is None:
        return MISSING
    return WORDS_OF_BOOLEANS[value] if isinstance(value, bool) else str(value)
