"""Reads columns of the table from the JSON rows of data/raw, for validate."""

from collections.abc import Mapping
from typing import Any

from pipeline.modalities.tables.content.columns import TableColumn, columns_of
from pipeline.modalities.tables.content.matrix import Matrix, matrix_of
from pipeline.modalities.tables.content.rows import look_at, read_row


def input_columns(content: Mapping[str, Any]) -> list[TableColumn]:
    """The columns that networks see."""
    return [c for c in columns_of(content.get("options", {})) if c.is_input]


def cells_of(table: Any, columns: list[TableColumn] | None = None) -> Matrix:
    """Parse all rows of a table with a column `row`; without known columns, by the values."""
    rows = [read_row(text) for text in table["row"]]
    return matrix_of(rows, look_at(rows) if columns is None else columns)
