"""Folders of named tables, such as data/findings, that one stage writes and others present.

As with the example table, index.json is written last and has the digest of every file. A small
table outside of such a folder has a digest of its rows, since the footer of Parquet has none.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.table import damaged, file_sha256, make_index, read_index, write_examples

ROWS_DIGEST = b"rows_sha256"
"""Key in the schema's metadata of a table outside a folder."""


def write_tables(folder: Path, tables: Mapping[str, pa.Table], **about: Any) -> None:
    """Write each table as `<name>.parquet`, then the index with `about` beside the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        write_examples(table, path)
        files.append({"name": path.name, "rows": table.num_rows, "sha256": file_sha256(path)})
    make_index(folder, **about, files=files)


def read_table(folder: Path, name: str, columns: list[str] | None = None) -> pa.Table:
    """Read the table `name` of a folder, whose bytes must be unchanged.

    Raises:
        MissingInput: the folder is not whole, has no such table, or the file is damaged.
    """
    path = folder / f"{name}.parquet"
    digests = {file["name"]: file["sha256"] for file in read_index(folder)["files"]}
    if path.name not in digests:
        raise damaged(folder, f"it has no {path.name}")
    try:
        if file_sha256(path) != digests[path.name]:
            raise damaged(path, "other bytes than were written")
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from None


def write_small_table(path: Path, table: pa.Table) -> None:
    """Write a small table outside a folder, with a digest of its rows."""
    digest = {ROWS_DIGEST: rows_digest(table.to_pylist())}
    write_examples(table.replace_schema_metadata(digest), path)


def read_small_table(path: Path) -> list[dict[str, Any]]:
    """Read the rows that `write_small_table` wrote.

    Raises:
        MissingInput: the file is missing or damaged.
    """
    try:
        table = pq.read_table(path)
        rows: list[dict[str, Any]] = table.to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from None
    if (table.schema.metadata or {}).get(ROWS_DIGEST) != rows_digest(rows):
        raise damaged(path, "other rows than were written")
    return rows


def rows_digest(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Hex digest of names and values."""
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest().encode()
