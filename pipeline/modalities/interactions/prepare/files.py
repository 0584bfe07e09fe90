"""Who is asked about: the id of a user in place of a file, or a table of users."""

import json
from pathlib import Path
from typing import Any

from pipeline.modalities.interactions.prepare.sources.reading import find_tables, read_texts
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import open_files
from pipeline.sources.tables.delimited import TextFormat

SUFFIXES = frozenset(
    {".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".dat", ".data", ".inter", ".item"}
)
USUAL_USERS = ("user", "user_id", "userid")


def examples_in(path: Path, limits: Any) -> list[tuple[str, bytes]] | None:
    """See modalities/protocols/prepare.py; what is no file is the id of a user."""
    if not path.is_file():
        return None if path.is_dir() else [("", json.dumps({"user": path.name}).encode())]
    if path.suffix.lower() not in SUFFIXES:
        return None
    files = open_files(path, str(path), SUFFIXES)
    table = read_texts(files, find_tables(files)[0], TextFormat()).columns
    by_name = {name.strip().lower(): name for name in reversed(list(table))}
    wanted = [getattr(limits, "user_column", ""), *(by_name.get(name, "") for name in USUAL_USERS)]
    name = next((name for name in wanted if name in table), None)
    if name is None:
        raise SourceError(
            f"{path} has no column of users; it has {', '.join(table)}",
            fix="call the column of users `user`",
        )
    users = table[name].to_pylist()
    return [
        (f"row {number}", json.dumps({"user": user or ""}).encode())
        for number, user in enumerate(users, 1)
    ]
