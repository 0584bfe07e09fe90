"""Texts of a file of people, for a model that was trained on others."""

from pathlib import Path
from typing import Any

from pipeline.modalities.text.prepare.sources.names import USUAL_TEXTS
from pipeline.modalities.text.prepare.sources.reading import find_tables, read_tables
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import open_files
from pipeline.sources.tables.delimited import TextFormat
from pipeline.sources.tables.opening import SUFFIXES


def examples_in(path: Path, limits: Any) -> list[tuple[str, bytes]] | None:
    """See modalities/protocols/prepare.py; a file that is called no table is one text.

    Of a table the column with a usual name counts, or its only one.

    Raises:
        SourceError: no column is one of texts for sure.
    """
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return None
    files = open_files(path, str(path), frozenset(SUFFIXES))
    table = read_tables(files, find_tables(files), TextFormat(), USUAL_TEXTS)
    by_name = {name.strip().lower(): name for name in table.columns}
    name = next((by_name[usual] for usual in USUAL_TEXTS if usual in by_name), None)
    if name is None and len(table.columns) == 1:
        name = next(iter(table.columns))
    if name is None:
        raise SourceError(
            f"{path} has no column called {', '.join(USUAL_TEXTS[:4])}; it has "
            f"{', '.join(table.columns) or 'none'}",
            fix="call the column of texts text",
        )
    texts = table.columns[name].to_pylist()
    return [(f"row {row}", (text or "").encode()) for row, text in enumerate(texts, 1)]
