"""Finds ids in text, CSV tables, databases, and columns of tables about other examples."""

import csv
import io
import re
import sqlite3
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.commands.forget.contents.spellings import plain_form, texts_in

MIN_NAME = 6  # shorter ids, and numbers, appear in files by chance
DATABASE = b"SQLite format 3\0"
REFERENCES = ("neighbours", "of", "like")
"""Columns of data/findings that name further examples."""
SENTENCES = ("reason", "why", "detail", "problem")
"""Columns with ids within sentences, some of earlier versions of this project."""


def names_one(content: bytes, ids: Collection[str]) -> bool:
    """Whether a CSV table has one of the ids in a column of ids, or text or a database names it.

    In any spelling: escaped as JSON, HTML, URLs, CSV and Markdown do, or in another Unicode form.
    """
    if not ids:
        return False
    if content.startswith(DATABASE):
        values = list(_values(content))
        if any(is_name_of(value, ids) for value in values):
            return True
        content = "\n".join(values).encode("utf-8", "replace") + b"\n" + content
    if any(mentions(content, id) for id in ids):
        return True
    forms = frozenset(map(_form, ids))
    for text in texts_in(content):
        plain = plain_form(text)
        here = {form for form in forms if form in plain or form.replace(" ", "+") in plain}
        if any(_mentions(plain, form) for form in here):
            return True
        if here and _in_column(text, here):
            return True
    return False


def mentions(content: bytes, id: str) -> bool:
    """Whether the id is there as a word, not as part of a longer one, nor by chance."""
    name = id.encode("utf-8", "surrogateescape")
    if not is_telling(id) or name not in content:
        return False
    word = rb"(?<![\w./-])" + re.escape(name) + rb"(?![\w/-])"
    return re.search(word, content) is not None


def is_telling(id: str) -> bool:
    """Whether an id is long enough not to appear by chance."""
    return len(id) >= MIN_NAME and not id.isdecimal()


def is_name_of(path: str, ids: Collection[str]) -> bool:
    """Whether a path ends with one of the ids: the file is the example, or named after it."""
    parts = plain_form(path).split("/")
    ends = {"/".join(parts[start:]) for start in range(len(parts))}
    return any(is_telling(form) for form in ends & set(map(_form, ids)))


def refers_to_one(file: BinaryIO, ids: Collection[str]) -> bool:
    """Whether rows of a Parquet table that may be about others name one of the ids."""
    file.seek(0)
    with pq.ParquetFile(file) as parquet:
        names = parquet.schema_arrow.names
        table = parquet.read([name for name in (*REFERENCES, *SENTENCES) if name in names])
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = pc.list_flatten(column) if pa.types.is_list(column.type) else column
        if not pa.types.is_string(values.type) and not pa.types.is_dictionary(values.type):
            continue  # a column of a foreign table
        named = pc.unique(values.cast(pa.string())).drop_null().to_pylist()
        if name in REFERENCES and not set(ids).isdisjoint(named):
            return True
        if name in SENTENCES and names_one("\n".join(named).encode(), ids):
            return True
    return False


@lru_cache(1 << 16)
def _form(id: str) -> str:
    return plain_form(id)


def _mentions(plain: str, form: str) -> bool:
    if not is_telling(form):
        return False
    spellings = {form, form.replace(" ", "+")}  # as web forms write a blank
    words = "|".join(map(re.escape, spellings))
    return re.search(rf"(?<![\w./-])(?:{words})(?![\w/-])", plain) is not None


def _in_column(text: str, forms: Collection[str]) -> bool:
    """Whether a CSV table has one in a column of ids: only there a number counts as an id."""
    try:
        rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
        columns = {"id", *REFERENCES} & set(rows.fieldnames or [])
        return any(plain_form(row[name] or "") in forms for row in rows for name in columns)
    except csv.Error:
        return False


def _values(content: bytes) -> Iterator[str]:
    """All values in a database, as text."""
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(content[:18] + b"\1\1" + content[20:])  # as if without its journal
        tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (name,) in tables:
            quoted = name.replace('"', '""')
            for row in database.execute(f'select * from "{quoted}"'):
                for value in row:
                    if isinstance(value, str | bytes):
                        yield value if isinstance(value, str) else value.decode("utf-8", "replace")
    except sqlite3.Error:  # damaged; its bytes are searched anyway
        return
    finally:
        database.close()
