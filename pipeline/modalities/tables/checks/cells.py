"""Columns of the table out of the JSON rows that validate reads."""

from collections.abc import Mapping
from typing import Any

from pipeline.modalities.tables.content.columns import TableColumn, columns_of
from pipeline.modalities.tables.content.matrix import Matrix, matrix_of
from pipeline.modalities.tables.content.rows import look_at, read_row


def input_columns(content: Mapping[str, Any]) -> list[TableColumn]:
    """Those that networks see."""
    return [c for c in columns_of(content.get("options", {})) if c.is_input]


def cells_of(table: Any, columns: list[TableColumn] | None = None) -> Matrix:
    """All rows of a table with a column `row`; by its own values where no columns are known."""
    rows = [read_row(text) for text in table["row"]]
    return matrix_of(rows, look_at(rows) if columns is None else columns)
