"""Turns rows of a source into examples of data/raw: each cell in the form of its column."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.modalities.prepared import Prepared, prepare_each
from pipeline.modalities.tables.content.columns import columns_of
from pipeline.modalities.tables.content.rows import (
    MEASUREMENTS,
    parse_row,
    readers_of,
    share_missing,
    write_row,
)

MEASURED = [m.name for m in MEASUREMENTS]


def prepare(contents: Sequence[bytes | None], limits: Any) -> Prepared:
    """Prepare JSON objects with a value for each column; see modalities/protocols/prepare.py.

    `limits.columns` are those of the table, as JSON; without any, values are unchanged.
    """
    columns = getattr(limits, "columns", None)
    readers = readers_of(columns_of({"columns": columns})) if columns else None

    def prepare_one(content: bytes) -> tuple[str, Mapping[str, Any]]:
        row = parse_row(content, readers)
        return write_row(row), {"missing": share_missing(row)}

    return prepare_each(contents, "row", MEASURED, prepare_one)
