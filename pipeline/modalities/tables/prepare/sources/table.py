"""Tables: each row of a CSV, TSV, JSON Lines or Parquet file is an example.

A column has the label; others may have id, split, group and time; the rest is the content. The type
of each column is found from all rows, or given by `types:`, and reported. Files are matched by the
names of their columns; files named train, val and test are these splits.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.parts import cut_draws, part_ends
from pipeline.dataset.splits.clock import times_of
from pipeline.modalities.tables.content.columns import CATEGORY, DATE, TableColumn, as_options
from pipeline.modalities.tables.content.matrix import WORDS_OF_BOOLEANS
from pipeline.modalities.tables.content.values import reader_of
from pipeline.modalities.tables.prepare.sources.entry_lines import decisions, entry_lines
from pipeline.modalities.tables.prepare.sources.ids import ids_of
from pipeline.modalities.tables.prepare.sources.labels import read_labels
from pipeline.modalities.tables.prepare.sources.oddities import look
from pipeline.modalities.tables.prepare.sources.reading import find_tables, read_tables
from pipeline.modalities.tables.prepare.sources.roles import (
    clean_texts,
    map_texts,
    read_groups,
    read_splits,
    roles_of,
)
from pipeline.modalities.tables.prepare.sources.times import latest_year, read_time
from pipeline.modalities.tables.prepare.types.finding import find_columns
from pipeline.modalities.tables.prepare.types.spreadsheet import totals, traces
from pipeline.modalities.tables.prepare.types.texts import Texts
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.source import EXAMPLES_PER_BATCH, Source, examples_table
from pipeline.sources.tables.delimited import TextFormat
from pipeline.sources.tables.missing import codes_of

UNREAD_AS_TEXT = (".npz", ".npy", ".pkl", ".pickle", ".h5", ".zip", ".png", ".jpg")


def recognises(files: Files) -> bool:
    """Whether there is a table, or a single file that may be one."""
    names = find_tables(files)
    return bool(names) and not names[0].lower().endswith(UNREAD_AS_TEXT)


def open_source(entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
    """Read the tables whole, as columns of text, and find the type of each.

    Raises:
        SourceError: one is damaged or lacks a column; dates could be either way round; ids repeat.
    """
    format = TextFormat(**entry.dialect.model_dump(), header=entry.header)
    table = read_tables(files, find_tables(files), format)
    _refuse_unread(table.unread, entry, labels, files.where)
    roles = roles_of(entry, table.columns, labels, files.where)
    notes, doubts = list(table.notes), []
    num = table.num_rows

    def texts_of(name: str) -> Texts:
        return Texts(name, table.columns[name], codes_of(entry.missing, name))

    label = read_labels(texts_of(roles.label), table, roles.label, entry, labels, files.where)
    group = read_groups(texts_of(roles.group)) if roles.group else None
    time = read_time(texts_of(roles.time), entry) if roles.time else None
    known_at = read_time(texts_of(roles.known_at), entry) if roles.known_at else None
    for part in (label, group, time, known_at):
        if part is not None:
            notes += part.notes
            doubts += part.doubts
    inputs = [texts_of(name) for name in roles.inputs]
    found = find_columns(inputs, table.kinds, entry.types, entry, latest_year(time))
    of_roles = [texts_of(name) for name in (roles.id, roles.group) if name]
    doubts += [text for texts in (*of_roles, *inputs) for text in (*traces(texts), *totals(texts))]
    odd = look(found, inputs, label, time, group, entry)
    columns = [column for column in odd.columns if column.name in {t.name for t in inputs}]
    if not columns and time is not None:
        columns = [TableColumn(str(roles.time), DATE)]
        table.columns[str(roles.time)] = time.texts
        notes.append(f"column {roles.time}, the time, is the only input")
    seen = _seen(columns, entry)
    if not any(column.is_input for column in seen) and num:
        raise SourceError(
            f"{files.where} has no column from which something could be learnt",
            fix="see columns: and types: in the catalog entry",
        )
    splits, of_splits = read_splits(roles, table, texts_of)
    ids = ids_of(table, roles, splits, files.where)
    rows: dict[str, Any] = {
        "id": pa.array(ids, pa.string()),
        "label": label.texts,
        "group": group.texts if group else None,
        "time": time.texts if time else None,
        "known_at": known_at.texts if known_at else None,
        "split": splits,
        "license": clean_texts(texts_of(roles.license)) if roles.license else None,
        "purposes": clean_texts(texts_of(roles.purposes)) if roles.purposes else None,
    }
    of_role = {name: column for name, column in rows.items() if column is not None}
    content = pa.table({column.name: table.columns[column.name] for column in seen})
    slices = {name: slice_texts(table.columns[name], name, odd.columns) for name in entry.slices}
    return Source(
        times=times_of(time.texts) if time else None,
        labels=label.names,
        num_examples=num,
        splits=of_splits,
        batches=_batches(pa.table(of_role), content, slices),
        notes=(*notes, *found.notes, *odd.notes),
        doubts=(*doubts, *found.doubts, *odd.doubts),
        options=as_options(seen),
        entry_lines=entry_lines(roles, entry, seen, found, odd),
        decisions=decisions(roles, odd),
        labels_by_split=label.by_split(splits, of_splits),
    )


def _refuse_unread(unread: Sequence[str], entry: Any, labels: Any, where: str) -> None:
    """
    Raises:
        SourceError: the column to be predicted is one of lists, objects or another unread type.
    """
    name = getattr(entry.columns, labels.COLUMN, None)
    if name in unread:
        raise SourceError(
            f"{where}: column {name} has lists, objects or bytes, expected a text or a number",
            fix="write such a value into a column of its own, and name it in the catalog entry, "
            f"under columns: {labels.COLUMN}:",
        )


def _seen(columns: Sequence[TableColumn], entry: Any) -> list[TableColumn]:
    """The columns, with inputs marked by the entry.

    Raises:
        SourceError: it names a column that is not there.
    """
    names = {column.name for column in columns}
    if entry.inputs is not None and (unknown := [n for n in entry.inputs if n not in names]):
        raise SourceError(
            f"inputs: names {unknown[0]}, which is no column that could be one",
            fix=f"correct it in the catalog entry; there are {', '.join(sorted(names))}",
        )
    wanted = {*entry.inputs} if entry.inputs is not None else names - {*entry.slices}
    return [
        TableColumn(**{**vars(column), "is_input": column.name in wanted}) for column in columns
    ]


@dataclass(frozen=True)
class RowBatch:
    """Rows of a table, to become JSON objects of texts."""

    rows: bytes
    """An Arrow stream of the columns of `example_schema`, without the content."""
    content: bytes
    """An Arrow stream of the columns of the table, as texts."""

    def __call__(self) -> pa.Table:
        rows, content = (pa.ipc.open_stream(data).read_all() for data in (self.rows, self.content))
        columns = {name: rows[name] for name in rows.column_names}
        return examples_table("row", columns.pop("id"), row=_as_json(content), **columns)

    def stamp(self, settled_before: int) -> str | None:
        """A digest of all that determines the rows."""
        return hashlib.sha256(
            hashlib.sha256(self.rows).digest() + hashlib.sha256(self.content).digest()
        ).hexdigest()


def _as_json(content: pa.Table) -> list[bytes]:
    import json

    names = content.column_names
    rows = zip(*(column.to_pylist() for column in content.columns), strict=True)
    return [json.dumps(dict(zip(names, row, strict=True))).encode() for row in rows]


def slice_texts(
    texts: pa.ChunkedArray, name: str, columns: Sequence[TableColumn]
) -> pa.ChunkedArray:
    """Values of a slice in one spelling each; null for missing."""
    known = {column.name: column for column in columns}
    read = reader_of(known.get(name, TableColumn(name, CATEGORY)))

    def shown(text: str) -> str | None:
        try:
            value = read(text)
        except ValueError:
            return None
        if isinstance(value, bool):
            return WORDS_OF_BOOLEANS[value]
        return None if value is None else str(value)

    return map_texts(texts, shown)


def _batches(
    rows: pa.Table, content: pa.Table, slices: dict[str, pa.ChunkedArray]
) -> Iterator[RowBatch]:
    """Cut rows into batches at ids (dataset/parts.py), so that most stay when rows come or go."""
    draws = cut_draws(rows["id"].to_pylist())
    start = 0
    for end in part_ends(draws, np.ones(rows.num_rows, np.int64), EXAMPLES_PER_BATCH):
        part = rows.slice(start, end - start)
        if slices:
            values = {name: column.slice(start, end - start) for name, column in slices.items()}
            part = part.append_column("slices", as_maps(values))
        yield RowBatch(_stream(part), _stream(content.slice(start, end - start)))
        start = end


def as_maps(columns: dict[str, pa.ChunkedArray]) -> pa.Array:
    """Values of each row by column, without missing ones, in the type of `example_schema`."""
    texts = [column.to_pylist() for column in columns.values()]
    maps = [
        [(name, value) for name, value in zip(columns, row, strict=True) if value]
        for row in zip(*texts, strict=True)
    ]
    return pa.array(maps, pa.map_(pa.string(), pa.string()))


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    data: bytes = sink.getvalue().to_pybytes()
    return data
