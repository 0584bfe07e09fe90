"""Reads columns of the table from the JSON rows of data/raw, for validate."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.modalities.tables.content.columns import TableColumn, columns_of
from pipeline.modalities.tables.content.matrix import Matrix, matrix_of
from pipeline.modalities.tables.content.rows import Row, look_at, read_row

ROWS_AT_ONCE = 10_000
"""Parsed rows take twenty times the memory of their values."""


def input_columns(content: Mapping[str, Any]) -> list[TableColumn]:
    """The columns that networks see."""
    return [c for c in columns_of(content.get("options", {})) if c.is_input]


def cells_of(table: Any, columns: Sequence[TableColumn] | None = None) -> Matrix:
    """Parse all rows of a table with a column `row`; without known columns, by the values."""
    if columns is None:
        columns = look_at(row for rows in _blocks(table) for row in rows)
    parts = [_with_shared_texts(matrix_of(rows, columns)) for rows in _blocks(table)]
    numbers, texts, number_names, text_names = zip(*parts, strict=True)
    return Matrix(
        np.concatenate(numbers),
        [[text for part in column for text in part] for column in zip(*texts, strict=True)],
        number_names[0],
        text_names[0],
    )


def _blocks(table: Any) -> Iterator[list[Row]]:
    """Yield parsed rows in order; at least one block, even of no rows."""
    rows = table["row"]
    for start in range(0, max(len(rows), 1), ROWS_AT_ONCE):
        yield [read_row(text) for text in rows.iloc[start : start + ROWS_AT_ONCE]]


def _with_shared_texts(matrix: Matrix) -> Matrix:
    """Make equal texts one object, which saves memory."""
    return matrix._replace(texts=[[sys.intern(text) for text in column] for column in matrix.texts])
