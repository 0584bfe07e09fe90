"""Cells of rows as columns of SQL, for `groundwork find`: a condition may name a column of the
table. Optional in a modality; see docs/find.md."""

from collections.abc import Mapping
from typing import Any

from pipeline.modalities.tables.content.columns import BOOLEAN, DATE, NUMBER, columns_of

TYPES = {NUMBER: "DOUBLE", BOOLEAN: "BOOLEAN", DATE: "TIMESTAMP"}
"""SQL types of kinds of columns; others are text."""


def cell_columns(content: Mapping[str, Any]) -> dict[str, str]:
    """An expression of SQL over the column `row`, JSON, for each column of the table, by its name.

    Args:
        content: what the index of data/raw says of contents.
    """
    found = {}
    for column in columns_of(content.get("options", {})):
        pointer = column.name.replace("~", "~0").replace("/", "~1").replace("'", "''")
        value = f"json_extract_string(\"row\", '/{pointer}')"
        kind = TYPES.get(column.kind)
        found[column.name] = f"TRY_CAST({value} AS {kind})" if kind else value
    return found
