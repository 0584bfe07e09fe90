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
REFERENCES = ("neighbours", "reason", "why")
"""Columns of the review queue and of what clean removed that name further examples."""
REFERENCE = re.compile(
    r"(?:duplicate of|same image as|looks like) (.+?)(?= in (?:train|val|test)\b|$)", re.MULTILINE
)
"""How clean says in them which example another one is like."""


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
        table = parquet.read([name for name in REFERENCES if name in names])
    for column in table.columns:
        if pa.types.is_list(column.type):
            named = pc.unique(pc.list_flatten(column)).to_pylist()
            text = ""
        else:
            text = "\n".join(filter(None, pc.unique(column.cast(pa.string())).to_pylist()))
            named = REFERENCE.findall(text)
        content = text.encode()
        if not set(ids).isdisjoint(named) or any(mentions(content, id) for id in ids):
            return True
    return False
