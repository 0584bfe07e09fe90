"""Reads tables of a source as one table of texts: files matched by the names of their columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.tables.content.columns import BOOLEAN, CATEGORY, DATE, NUMBER
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.tables.delimited import DelimitedText, TextFormat
from pipeline.sources.tables.opening import SUFFIXES, OpenTable, open_table
from pipeline.sources.tables.parquet import ParquetTable

PANDAS_INDEX = "__index_level_"
NAMELESS = "a column without a name is left out"
MIN_IN_COMMON = 0.5  # of the columns, shared by files of one table
MAX_NAMED = 8


@dataclass
class TextTable:
    """Rows of all files."""

    columns: dict[str, pa.ChunkedArray]
    """Texts, null where a cell is empty."""
    files: list[str]
    """Names of the files, in order."""
    file_rows: list[int]
    """Number of rows of each."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Kinds of columns whose types the files have."""
    unread: list[str] = field(default_factory=list)
    """Columns of lists, objects or another type that is not read."""
    delimiter: str | None = None
    """Delimiter of delimited text."""
    notes: list[str] = field(default_factory=list)

    @property
    def num_rows(self) -> int:
        return sum(self.file_rows)


def find_tables(files: Files) -> list[str]:
    """Names of the files that are tables; a single file always is one."""
    if len(files.members) == 1:
        return list(files.members)
    return [name for name in files.members if name.lower().endswith(SUFFIXES)]


def read_tables(files: Files, names: Sequence[str], format: TextFormat) -> TextTable:
    """Read all tables as texts.

    Raises:
        SourceError: a table is damaged, or they are not of one dataset.
    """
    tables = [_read(open_table(files, name, format), name) for name in names]
    if len(tables) == 1:
        return tables[0]
    return _joined(tables, files.where)


def _read(opened: OpenTable, name: str) -> TextTable:
    if isinstance(opened, ParquetTable):
        return _read_parquet(opened, name)
    names = [column for column in opened.names if column]
    found = TextTable({}, [name], [opened.num_rows], notes=list(opened.notes))
    try:
        table = opened.read(names)
        found.columns = {column: table[column] for column in names}
    except SourceError:
        if isinstance(opened, DelimitedText):
            raise
        found.columns = {}
        for column in names:  # a column of lists is left out, the others stay
            try:
                found.columns[column] = opened.read([column])[column]
            except SourceError as error:
                found.notes.append(f"column {column} is not read: {error.what}")
                found.unread.append(column)
    if isinstance(opened, DelimitedText):
        found.delimiter = opened.counts.dialect.delimiter
    elif "" in opened.names:
        found.notes.append(NAMELESS)
    return found


def _read_parquet(opened: ParquetTable, name: str) -> TextTable:
    found = TextTable({}, [name], [opened.num_rows])
    wanted: list[str] = []
    for of_file in opened.schema:
        if of_file.name.startswith(PANDAS_INDEX):
            found.notes.append(f"column {of_file.name} is the index of pandas, and no input")
        elif not of_file.name:
            found.notes.append(NAMELESS)
        elif _is_read(of_file.type):
            wanted.append(of_file.name)
        else:
            found.notes.append(f"column {of_file.name} is not read: it has {of_file.type}")
            found.unread.append(of_file.name)
    table = opened.read(wanted)
    for column in wanted:
        kind = table.schema.field(column).type
        found.columns[column] = _as_text(table[column])
        is_date = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
        if is_date and (num_lost := found.columns[column].null_count - table[column].null_count):
            found.notes.append(
                f"column {column}: {num_lost} dates lie outside the years 1 to 9999: they count as "
                "missing"
            )
        if (known := _kind_of(kind)) is not None:
            found.kinds[column] = known
    return found


def _is_read(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_read(kind.value_type)
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_null(kind)
    )


def _kind_of(kind: pa.DataType) -> str | None:
    """The kind of a type; None if values must be examined."""
    if pa.types.is_decimal(kind) and kind.scale <= 0:
        return None  # a number of many digits may be an id
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return NUMBER
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return DATE
    if pa.types.is_boolean(kind):
        return BOOLEAN
    return CATEGORY if pa.types.is_dictionary(kind) else None


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert values to lossless texts; NaN becomes null."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks])
        return column.cast(pa.string()) if column.num_chunks else _nulls(0)
    if pa.types.is_null(kind):
        return _nulls(len(column))
    if pa.types.is_floating(kind):
        shown: list[Any] = [None if v is None or v != v else repr(v) for v in column.to_pylist()]
        return pa.chunked_array([pa.array(shown, pa.string())])
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        if pa.types.is_timestamp(kind) and kind.unit == "ns":
            column = column.cast(pa.timestamp("us", kind.tz), safe=False)
        shown = [_iso(scalar) for chunk in column.chunks for scalar in chunk]
        return pa.chunked_array([pa.array(shown, pa.string())])
    texts = column.cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _iso(scalar: pa.Scalar) -> str | None:
    """A date as text; None if it is missing, or outside the years that Python has."""
    try:
        value = scalar.as_py()
    except (OverflowError, ValueError):
        return None
    return None if value is None else str(value.isoformat())


def _nulls(num: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(num, pa.string())])


def _joined(tables: Sequence[TextTable], where: str) -> TextTable:
    """Join all rows, matching columns by name; columns that only some files have are reported.

    Raises:
        SourceError: two files share hardly a column.
    """
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    first = tables[0]
    for table in tables[1:]:
        common = len(first.columns.keys() & table.columns.keys())
        if common < MIN_IN_COMMON * min(len(first.columns), len(table.columns)):
            raise SourceError(
                f"{where} has tables of different columns: {first.files[0]}, {table.files[0]}",
                fix="point uri at the one that counts",
            )
    found = TextTable(
        {},
        [table.files[0] for table in tables],
        [table.num_rows for table in tables],
        {name: kind for table in tables for name, kind in table.kinds.items()},
        [name for table in tables for name in table.unread],
        first.delimiter,
        [note for table in tables for note in table.notes],
    )
    for name in names:
        parts = [table.columns.get(name) for table in tables]
        without = [t.files[0] for t, part in zip(tables, parts, strict=True) if part is None]
        if without:
            shown = ", ".join(without[:MAX_NAMED])
            found.notes.append(f"column {name} is missing in {shown}")
        chunks = [
            chunk
            for table, part in zip(tables, parts, strict=True)
            for chunk in (part if part is not None else _nulls(table.num_rows)).chunks
        ]
        found.columns[name] = pa.chunked_array(chunks, pa.string())
    return found
