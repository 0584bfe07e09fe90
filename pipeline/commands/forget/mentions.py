"""Ids in text, in CSV tables, and in what tables say of other examples."""

import csv
import io
import re
from collections.abc import Collection
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

MIN_NAME = 6  # shorter ids, and numbers, stand in files by chance
REFERENCES = ("neighbours", "of", "like")
"""Columns of data/findings that name further examples."""
SENTENCES = ("reason", "why")
"""Columns of earlier versions of this project that have ids within sentences."""


def names_one(content: bytes, ids: Collection[str]) -> bool:
    """Whether a CSV table has one of the ids in a column of ids, or text or a database names it."""
    mentioned = {id for id in ids if id.encode() in content}
    if any(mentions(content, id) for id in mentioned):
        return True
    if not mentioned:
        return False
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        columns = {"id", "of"} & set(rows.fieldnames or [])
        return any(row[column] in mentioned for row in rows for column in columns)
    except (UnicodeDecodeError, csv.Error):
        return False


def mentions(content: bytes, id: str) -> bool:
    """Whether the id stands there as a word, not as part of a longer one, nor by chance."""
    name = id.encode()
    if len(id) < MIN_NAME or id.isdecimal() or name not in content:
        return False
    word = rb"(?<![\w./-])" + re.escape(name) + rb"(?![\w/-])"
    return re.search(word, content) is not None


def refers_to_one(file: BinaryIO, ids: Collection[str]) -> bool:
    """Whether rows of a Parquet table that may be about others name one of the ids."""
    file.seek(0)
    with pq.ParquetFile(file) as parquet:
        names = parquet.schema_arrow.names
        table = parquet.read([name for name in (*REFERENCES, *SENTENCES) if name in names])
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        named = pc.unique(values.cast(pa.string())).drop_null().to_pylist()
        if name in REFERENCES and not set(ids).isdisjoint(named):
            return True
        content = "\n".join(named).encode()
        if name in SENTENCES and any(mentions(content, id) for id in ids):
            return True
    return False
