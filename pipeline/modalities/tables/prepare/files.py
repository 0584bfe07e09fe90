"""Reads rows of a file for a trained model."""

import json
from pathlib import Path
from typing import Any

from pipeline.modalities.tables.content.columns import columns_of
from pipeline.modalities.tables.prepare.sources.reading import find_tables, read_tables
from pipeline.modalities.tables.prepare.types.texts import some
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import open_files
from pipeline.sources.tables.delimited import TextFormat

SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})


def examples_in(path: Path, limits: Any) -> list[tuple[str, bytes]] | None:
    """See modalities/protocols/prepare.py; a file without the suffix of a table is one row.

    Columns of the model that the table lacks are missing values; other columns are ignored.
    """
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return None
    files = open_files(path, str(path), SUFFIXES)
    table = read_tables(files, find_tables(files), TextFormat())
    wanted = [column.name for column in columns_of({"columns": getattr(limits, "columns", ())})]
    names = [name for name in wanted if name in table.columns] if wanted else list(table.columns)
    if not names:
        raise SourceError(
            f"{path} has none of the columns of the model, {some(wanted, 8)}; it has "
            f"{some(list(table.columns), 8) or 'none'}",
            fix="give a table with the columns that the model was trained on",
        )
    cells = zip(*(table.columns[name].to_pylist() for name in names), strict=True)
    return [
        (f"row {number}", json.dumps(dict(zip(names, row, strict=True))).encode())
        for number, row in enumerate(cells, 1)
    ]
