"""Tables of a source as one table of texts, cells exactly as written."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.text.prepare.sources.names import EVALUATION
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.source import SPLIT_NAMES
from pipeline.sources.tables.delimited import DelimitedText, TextFormat
from pipeline.sources.tables.opening import SUFFIXES, OpenTable, open_table
from pipeline.sources.tables.parquet import ParquetTable
from pipeline.sources.tables.records import DOUBLED

TEXTS = ".txt"
LONG_NAME = 60
"""Characters of a first cell that is no name of a column."""
MANY_WORDS = 6
ALL_SPLITS = SPLIT_NAMES | EVALUATION
SUFFIX = re.compile(r"\.[\w-]{1,11}")


@dataclass
class TextTables:
    """Rows of all files."""

    columns: dict[str, pa.ChunkedArray]
    """Texts, null where a cell is empty."""
    files: list[str]
    file_rows: list[int]
    notes: list[str] = field(default_factory=list)
    code_names: dict[str, list[str]] = field(default_factory=dict)
    """Names of codes, by column, where a file has them."""

    @property
    def num_rows(self) -> int:
        return sum(self.file_rows)

    @property
    def splits(self) -> list[str | None]:
        """The split that each file is called like."""
        return [split_of(name) for name in self.files]


def find_tables(files: Files) -> list[str]:
    """Names of the files that are tables; the only file is one whatever it is called."""
    if len(files.members) == 1:
        return list(files.members)
    return [name for name in files.members if name.lower().endswith(SUFFIXES)]


def split_of(name: str) -> str | None:
    """The split that a file is called like, by its name or its folder's."""
    path = PurePosixPath(name)
    parts = [path.stem, *reversed(path.parts[:-1])]
    words = (word for part in parts for word in re.split(r"[^a-z]+", part.lower()))
    return next((ALL_SPLITS[word] for word in words if word in ALL_SPLITS), None)


def read_tables(
    files: Files, names: Sequence[str], format: TextFormat, said: Sequence[str]
) -> TextTables:
    """Read all tables, columns matched by name; `said` are those that the entry names.

    Raises:
        SourceError: one is damaged, or they are not of one dataset.
    """
    tables = [_read(_opened(files, name, format, said), name) for name in names]
    first = tables[0]
    for table in tables[1:]:
        if not first.columns.keys() & table.columns.keys():
            raise SourceError(
                f"{files.where} has tables of different columns: {first.files[0]}, "
                f"{table.files[0]}",
                fix="point uri at the one that counts",
            )
    found = TextTables(
        {},
        [table.files[0] for table in tables],
        [table.num_rows for table in tables],
        list(dict.fromkeys(note for table in tables for note in table.notes)),
        {name: codes for table in tables for name, codes in table.code_names.items()},
    )
    for name in dict.fromkeys(name for table in tables for name in table.columns):
        parts = [
            chunk
            for table in tables
            for chunk in table.columns.get(name, _nulls(table.num_rows)).chunks
        ]
        found.columns[name] = pa.chunked_array(parts, pa.string())
    return found


def _opened(files: Files, name: str, format: TextFormat, said: Sequence[str]) -> OpenTable:
    """A table; where its first line is no names of columns, as one without them."""
    opened = open_table(files, name, format)
    if not isinstance(opened, DelimitedText) or not format.header:
        return opened
    if {*said} & {*opened.names} or not _are_data(opened):
        return opened
    return open_table(files, name, format._replace(header=False))


def _are_data(opened: DelimitedText) -> bool:
    """Whether the names of the columns are cells of a row."""
    names = opened.names
    rows = [
        cells
        for _, cells in opened.counts.head[opened.layout.first_row :]
        if [cell.strip() for cell in cells] != names  # those of a second file are no row
    ]
    again = Counter(
        place
        for cells in rows
        for place, cell in enumerate(cells[: len(names)])
        if names[place] and cell.strip() == names[place].strip()
    )
    is_long = any(len(name) > LONG_NAME or len(name.split()) > MANY_WORDS for name in names)
    return bool(again) or is_long


def _read(opened: OpenTable, name: str) -> TextTables:
    if isinstance(opened, ParquetTable):
        return _read_parquet(opened, name)
    names = [column for column in opened.names if column]
    notes = list(opened.notes)
    if isinstance(opened, DelimitedText):
        if not opened.format.header or names == [str(n) for n in range(len(names))]:
            notes.append(f"{name} has no names of columns: they are called by their numbers from 0")
        if opened.counts.num_quoted and opened.counts.dialect.quotes == DOUBLED:
            notes.append("quotes around a cell enclose it, and a quote within is written twice")
    found = TextTables({}, [name], [opened.num_rows], notes)
    for column in names:
        try:
            found.columns[column] = opened.read([column])[column]
        except SourceError as error:
            if isinstance(opened, DelimitedText):
                raise
            found.notes.append(f"column {column} is not read: {error.what}")
    return found


def _read_parquet(opened: ParquetTable, name: str) -> TextTables:
    found = TextTables({}, [name], [opened.num_rows])
    wanted = [f.name for f in opened.schema if _is_plain(f.type) and not f.name.startswith("__")]
    table = opened.read(wanted)
    features = _features(opened.schema)
    for column in wanted:
        values = table[column]
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        names = features.get(column, {}).get("names")
        if isinstance(names, list) and names and pa.types.is_integer(values.type):
            found.code_names[column] = [str(each) for each in names]
            index = values.cast(pa.int64())
            fits = pc.and_(pc.greater_equal(index, 0), pc.less(index, len(names)))
            values = pc.take(pa.array(map(str, names), pa.string()), pc.if_else(fits, index, None))
        texts = values.cast(pa.string())
        nothing = pa.scalar(None, pa.string())
        found.columns[column] = pc.if_else(pc.equal(texts, ""), nothing, texts)
    return found


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_temporal(kind)
    )


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """Descriptions of columns that Hugging Face's datasets writes; what is none is not there."""
    try:
        content: Any = json.loads((schema.metadata or {}).get(b"huggingface") or b"{}")
    except (ValueError, RecursionError):
        return {}
    for key in ("info", "features"):
        content = content.get(key) if isinstance(content, dict) else None
    if not isinstance(content, dict):
        return {}
    return {name: value for name, value in content.items() if isinstance(value, dict)}


def _nulls(num: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(num, pa.string())])


def others(files: Files, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Files that are no tables, by kind."""
    kinds = Counter(PurePosixPath(name).suffix.lower() for name in {*files.members} - {*names})
    for suffix, number in sorted(kinds.items()):
        is_known = SUFFIX.fullmatch(suffix) is not None
        yield f"not texts: {suffix if is_known else 'no suffix'}", number
