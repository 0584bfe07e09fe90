"""Folders of named tables: what one stage leaves for those that present it, such as data/findings.

As with the example table, index.json is written last and has the digest of every file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.table import damaged, file_sha256, make_index, read_index, write_examples


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
    """The table `name` of a folder, whose bytes must be those that were written.

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
