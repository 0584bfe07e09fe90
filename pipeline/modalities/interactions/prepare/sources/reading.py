"""A table of a source as columns of texts, exactly as written."""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.interactions.prepare.sources.colons import has_colons, read_colons
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.tables.delimited import TextFormat
from pipeline.sources.tables.opening import open_file, open_table
from pipeline.sources.tables.parquet import ParquetTable

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".dat", ".data", ".inter", ".item")
MAX_NAMED = 8


class TextColumns(NamedTuple):
    """A table of texts."""

    columns: dict[str, pa.ChunkedArray]
    """Columns by name; null where a cell is empty."""
    num_rows: int
    notes: list[str]


def find_tables(files: Files) -> list[str]:
    """Names of the files that may be tables; the only file is one whatever it is called."""
    if len(files.members) == 1:
        return list(files.members)
    return [name for name in files.members if name.lower().endswith(TABLES)]


def choose_table(files: Files, name: str | None, key: str) -> str:
    """The file that the entry names under `key`, or the only one.

    Raises:
        SourceError: it is not there, or there are several.
    """
    names = find_tables(files)
    if name is not None:
        if name not in files.members:
            raise SourceError(
                f"{files.where} has no file {name}; it has {_some(names) or 'no table'}",
                fix=f"correct {key} in the catalog entry",
            )
        return name
    if len(names) != 1:
        raise SourceError(
            f"{files.where} has {len(names)} tables: {_some(names) or 'none'}",
            fix=f"name the one that is meant under {key} in the catalog entry",
        )
    return names[0]


def read_texts(files: Files, name: str, format: TextFormat) -> TextColumns:
    """Read a whole table.

    Raises:
        SourceError: it is damaged.
    """
    if not name.lower().endswith(".parquet") and has_colons(open_file(files, name)):
        return TextColumns(*read_colons(open_file(files, name), files.where, format))
    opened = open_table(files, name, format)
    if isinstance(opened, ParquetTable):
        return _read_parquet(opened)
    names = [column for column in opened.names if column]
    table = opened.read(names)
    columns = {column: table[column] for column in names}
    return TextColumns(columns, table.num_rows, list(opened.notes))


def read_named(files: Files, name: str, format: TextFormat, wanted: list[str]) -> TextColumns:
    """Read a table whose columns the entry names; where all are numbers that no header has, there
    is none."""
    table = read_texts(files, name, format)
    numbered = bool(wanted) and all(column.isdecimal() for column in wanted)
    if format.header and numbered and not {*wanted} <= {*table.columns}:
        table = read_texts(files, name, format._replace(header=False))
        table.notes.append("there is no header: columns are named by their numbers")
    return table


def _read_parquet(opened: ParquetTable) -> TextColumns:
    table = opened.read([field.name for field in opened.schema if _may_be_text(field.type)])
    found = TextColumns({}, table.num_rows, [])
    for field in opened.schema:
        texts = _as_text(table[field.name]) if field.name in table.column_names else None
        if texts is None:
            found.notes.append(f"column {field.name} is not read: it has {field.type}")
        else:
            found.columns[field.name] = texts
    return found


def _may_be_text(kind: pa.DataType) -> bool:
    """Whether values of this type can be written as texts, bytes where they are UTF-8."""
    if pa.types.is_dictionary(kind):
        return _may_be_text(kind.value_type)
    return not (pa.types.is_nested(kind) or pa.types.is_fixed_size_binary(kind))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """None for bytes that are no text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column.cast(pa.timestamp("us")), "%Y-%m-%dT%H:%M:%S")
    if pa.types.is_floating(column.type):
        whole = pc.all(pc.equal(pc.floor(column), column)).as_py()
        column = column.cast(pa.int64()) if whole else column
    try:
        texts = column.cast(pa.string())
    except pa.ArrowInvalid:
        return None
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _some(names: list[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
