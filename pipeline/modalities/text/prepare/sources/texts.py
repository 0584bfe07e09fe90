"""Tables of texts: a row of a CSV, TSV, JSON Lines or Parquet file is an example.

A column has the text, one the label; others may tell id, split, group, time and annotator. Files
are matched by the names of their columns; where they are called train, dev, test, they are these
splits. Cells are as written: `NA` and `null` are texts. Rows without a text are counted by reason,
and are no examples.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.parts import cut_draws, part_ends
from pipeline.dataset.splits.clock import times_of
from pipeline.modalities.text.prepare.preparing import nothing_in
from pipeline.modalities.text.prepare.sources.entry_lines import entry_lines
from pipeline.modalities.text.prepare.sources.ids import ids_of
from pipeline.modalities.text.prepare.sources.labels import read_labels, with_names
from pipeline.modalities.text.prepare.sources.reading import (
    ALL_SPLITS,
    TEXTS,
    TextTables,
    find_tables,
    others,
    read_tables,
)
from pipeline.modalities.text.prepare.sources.roles import (
    Roles,
    notes_on_columns,
    roles_of,
    said_columns,
)
from pipeline.modalities.text.prepare.sources.votes import count_votes
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.source import EXAMPLES_PER_BATCH, Source, examples_table
from pipeline.sources.tables.delimited import TextFormat
from pipeline.sources.tables.harmless import harmless
from pipeline.sources.tables.missing import codes_of, without_missing

NO_TEXT = "no text: "
MISSING = "what the entry calls missing"
UNREAD = (
    ".npz",
    ".npy",
    ".pkl",
    ".pickle",
    ".h5",
    ".zip",
    ".png",
    ".jpg",
    ".jpeg",
    ".pdf",
    ".docx",
)


def recognises(files: Files) -> bool:
    """Whether there is a table and no file of a text beside it, or a file alone that may be one."""
    names = find_tables(files)
    if not names or names[0].lower().endswith(UNREAD):
        return False
    return len(files.members) == 1 or not any(n.lower().endswith(TEXTS) for n in files.members)


def open_source(entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
    """Read the tables whole, as columns of text.

    Raises:
        SourceError: one is damaged or lacks a column; ids repeat.
    """
    format = TextFormat(**entry.dialect.model_dump(), header=entry.header)
    names = find_tables(files)
    table = read_tables(files, names, format, said_columns(entry, labels.COLUMN))
    roles = roles_of(entry, table.columns, labels, files.where)
    notes = [*table.notes, *notes_on_columns(entry, roles, table.columns)]
    rows, beside = _with_text(_rows_of(table, roles, entry, notes), notes)
    found = read_labels(rows["label"], roles.label)
    notes += found.notes
    label, problems = with_names(found, labels, entry, files.where)
    ids = ids_of(rows, files.where, has_votes=roles.annotator is not None)
    annotations = None
    if roles.annotator is not None:
        voted = count_votes(ids, rows["annotator"].to_pylist(), label.to_pylist(), problems)
        notes += voted.notes
        annotations, problems = voted.annotations, voted.problems
        rows = rows.take(pa.array(voted.rows, pa.int64()))
        ids = [ids[row] for row in voted.rows]
        label = pa.chunked_array([pa.array(voted.labels, pa.string())])
    rows = rows.drop_columns("label").append_column("label", label)
    rows = rows.append_column("problem", pa.array(problems, pa.string()))
    rows = rows.set_column(rows.schema.get_field_index("id"), "id", pa.array(ids, pa.string()))
    splits = _splits(rows, notes, table)
    return Source(
        labels=labels_in_order(label, table.code_names.get(roles.label)),
        num_examples=rows.num_rows,
        splits=splits,
        batches=_batches(rows, max_bytes),
        annotations=annotations,
        notes=tuple(notes),
        beside={**beside, **files.beside, **dict(others(files, names))},
        times=times_of(rows["time"]) if roles.time else None,
        entry_lines=entry_lines(roles, table),
        labels_by_split=_by_split(rows, splits),
    )


def labels_in_order(label: pa.ChunkedArray, names: list[str] | None) -> list[str] | set[str]:
    return names or {text for text in pc.unique(label).to_pylist() if text is not None}


def _rows_of(table: TextTables, roles: Roles, entry: Any, notes: list[str]) -> pa.Table:
    """The columns of all roles, under their names; null where there is nothing."""
    columns: dict[str, Any] = {}
    texts = []
    for name in roles.texts:
        cells, number = without_missing(table.columns[name], codes_of(entry.missing, name))
        if number:
            notes.append(f"{number} texts of column {name} are {MISSING}")
        texts.append(cells)
    first = texts[0]
    if len(texts) > 1:
        first = pc.binary_join_element_wise(*texts, "\n", null_handling="skip")
    columns["text"] = first
    columns["told"] = pc.and_(pc.is_null(first), pc.is_valid(table.columns[roles.texts[0]]))
    cells, number = without_missing(
        table.columns[roles.label], codes_of(entry.missing, roles.label)
    )
    if number:
        notes.append(f"{number} labels of column {roles.label} are {MISSING}")
    columns["label"] = cells
    for name in ("id", "split", "group", "time", "known_at", "license", "purposes", "annotator"):
        said = getattr(roles, name)
        columns[name] = (
            _trimmed(table.columns[said]) if said else pa.nulls(table.num_rows, pa.string())
        )
    if roles.split is None:
        of_files = zip(table.splits, table.file_rows, strict=True)
        all_told = len(table.files) > 1 and None not in table.splits
        columns["split"] = [
            split if all_told else None for split, number in of_files for _ in range(number)
        ]
        columns["split"] = pa.array(columns["split"], pa.string())
    columns["file"] = [
        f for f, n in zip(table.files, table.file_rows, strict=True) for _ in range(n)
    ]
    if entry.slices:
        columns["slices"] = _as_maps({n: _trimmed(table.columns[n]) for n in entry.slices})
    return pa.table(columns)


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = pc.utf8_trim_whitespace(pc.utf8_normalize(column, "NFC"))
    return harmless(pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts))


def _with_text(rows: pa.Table, notes: list[str]) -> tuple[pa.Table, dict[str, int]]:
    """The rows that have a text, and how many have none, by reason."""
    reasons = [
        MISSING if told else nothing_in(text)
        for text, told in zip(rows["text"].to_pylist(), rows["told"].to_pylist(), strict=True)
    ]
    kept = rows.filter(pa.array([reason is None for reason in reasons], pa.bool_()))
    counts = Counter(f"{NO_TEXT}{reason}" for reason in reasons if reason is not None)
    if counts:
        shown = ", ".join(f"{n} {why.removeprefix(NO_TEXT)}" for why, n in sorted(counts.items()))
        notes.append(
            f"{counts.total()} of {rows.num_rows} rows have no text and are left out: {shown}"
        )
    return kept.drop_columns("told"), dict(counts)


def _splits(rows: pa.Table, notes: list[str], table: TextTables) -> frozenset[str]:
    """Find the splits that the rows tell; says which file is which.

    Raises:
        SourceError: a split is unknown.
    """
    found = {text for text in pc.unique(rows["split"]).to_pylist() if text is not None}
    known = {text: ALL_SPLITS.get(text.lower()) for text in found}
    if unknown := sorted(text for text, split in known.items() if split is None):
        raise SourceError(
            f"the unknown split {unknown[0]!r}", fix=f"the known ones are {', '.join(ALL_SPLITS)}"
        )
    if len(table.files) > 1 and None not in table.splits and found:
        pairs = zip(table.files, table.splits, strict=True)
        notes.append("splits by names of files: " + ", ".join(f"{f} is {s}" for f, s in pairs))
    return frozenset(split for split in known.values() if split is not None)


def _by_split(rows: pa.Table, splits: frozenset[str]) -> dict[str, dict[str | None, int]] | None:
    if not splits:
        return None
    found: dict[str, dict[str | None, int]] = {split: {} for split in sorted(splits)}
    for split, label in zip(rows["split"].to_pylist(), rows["label"].to_pylist(), strict=True):
        if split is not None:
            of_split = found[ALL_SPLITS[split.lower()]]
            of_split[label] = of_split.get(label, 0) + 1
    return found


def _as_maps(columns: dict[str, pa.ChunkedArray]) -> pa.Array:
    """Values of slices of each row by column, as `example_schema` has them."""
    texts = [column.to_pylist() for column in columns.values()]
    maps = [
        [(name, value) for name, value in zip(columns, row, strict=True) if value]
        for row in zip(*texts, strict=True)
    ]
    return pa.array(maps, pa.map_(pa.string(), pa.string()))


@dataclass(frozen=True)
class TextBatch:
    """Some rows, as an Arrow stream of columns of `example_schema`, texts as strings."""

    rows: bytes
    max_bytes: float

    def __call__(self) -> pa.Table:
        table = pa.ipc.open_stream(self.rows).read_all()
        columns: dict[str, Any] = {n: table[n] for n in table.column_names if n != "file"}
        columns["split"] = [
            None if text is None else ALL_SPLITS[text.lower()]
            for text in table["split"].to_pylist()
        ]
        texts: list[bytes] = [text.encode() for text in columns.pop("text").to_pylist()]
        problems = columns.pop("problem").to_pylist()
        for row, text in enumerate(texts):
            if len(text) > self.max_bytes and problems[row] is None:
                problems[row] = f"{len(text)} bytes, more than {self.max_bytes:.0f} allowed"
        columns.pop("annotator")
        return examples_table(
            "text",
            columns.pop("id"),
            text=texts,
            problem=pa.array(problems, pa.string()),
            **columns,
        )

    def stamp(self, settled_before: int) -> str | None:
        """A digest of all that the rows are made of."""
        return hashlib.sha256(self.rows).hexdigest()


def _batches(rows: pa.Table, max_bytes: float) -> Iterator[TextBatch]:
    """Batches whose ends depend on ids (dataset/parts.py), so that most stay when rows come."""
    draws = cut_draws(rows["id"].to_pylist())
    start = 0
    for end in part_ends(draws, np.ones(rows.num_rows, np.int64), EXAMPLES_PER_BATCH):
        yield TextBatch(_stream(rows.slice(start, end - start)), max_bytes)
        start = end


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    data: bytes = sink.getvalue().to_pybytes()
    return data


__all__: Sequence[str] = ("open_source", "recognises")
