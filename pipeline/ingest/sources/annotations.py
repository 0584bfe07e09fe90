"""Reads several people's labels: the table that `annotations` of a catalog entry names.

A CSV or Parquet file with the columns id, annotator and label, and a row for each label. It is read
in batches into codes, so that memory grows with the distinct ids and by a few bytes for each label.
"""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.annotations import SOURCE
from pipeline.dataset.arrays import Rows
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.fetch import fetch_source
from pipeline.sources.tables.delimited import DelimitedText
from pipeline.sources.tables.harmless import harmless, harmless_ids
from pipeline.sources.tables.parquet import MAGIC, ParquetTable, is_one_value
from pipeline.targets.protocols.labels import Labels, TargetIndex

MAX_NAMED = 3
FIX = "save it as UTF-8 CSV with a value for each column in each row, or as Parquet"


def fetch_annotations(uri: str, known: Labels, index: TargetIndex) -> pa.Table:
    """Read the labels in the file at `uri`, each once, in the order of the file.

    `known` maps texts to labels of `index`. Rows without a label are skipped.

    Returns:
        Columns id, annotator, label of type string.

    Raises:
        SourceError: it is missing or damaged, lacks a column, has no labels, has an unknown label,
            or has two labels of one annotator for one example.
    """
    where = f"annotations {without_secrets(uri)}"
    path = fetch_source(uri)
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where a name is too long
        raise SourceError(
            f"{where} does not exist or is no file",
            fix="name a CSV or Parquet file; relative paths start at the repository root",
        )
    coded = [
        pa.table({name: batch[name].dictionary_encode() for name in COLUMNS})
        for batch in read_batches(path, where)
    ]
    if not coded:
        _refuse_empty(where)
    table = pa.concat_tables(coded).unify_dictionaries().combine_chunks()
    is_labelled = pc.is_valid(table["label"])
    for name in ("id", "annotator"):
        nameless = pc.and_(is_labelled, pc.is_null(table[name]))
        if (row := pc.index(nameless, True).as_py()) >= 0:
            raise SourceError(f"{where}, {place_of(path, row)} has no {name}", fix="fill it in")
    rows = np.flatnonzero(is_labelled.to_numpy())
    if not len(rows):
        _refuse_empty(where)
    ids, annotators, labels = (table[name].combine_chunks() for name in COLUMNS)
    if SOURCE in annotators.dictionary.to_pylist():
        raise SourceError(
            f"{where} has an annotator called {SOURCE}, which the source's own labels count as",
            fix="rename the annotator",
        )
    labels = _as_known(labels, known, index, where, path)
    order = _first_of_each(ids, annotators, labels, rows, where, path)
    return pa.table(
        {
            name: column.take(pa.array(order)).cast(pa.string())
            for name, column in zip(COLUMNS, (ids, annotators, labels), strict=True)
        }
    )


def _refuse_empty(where: str) -> NoReturn:
    raise SourceError(
        f"{where} has no labels", fix="fill it, or remove annotations: from the entry"
    )


def _as_known(
    labels: pa.DictionaryArray, known: Labels, index: TargetIndex, where: str, path: Path
) -> pa.DictionaryArray:
    """Replace texts by the labels they mean.

    Raises:
        SourceError: a text is not a label; names the place of the first.
    """
    texts: list[str] = labels.dictionary.to_pylist()
    names = known.named(texts, index)
    unknown = [text for text, name in zip(texts, names, strict=True) if name is None]
    if unknown:
        first = pc.index(labels.indices, texts.index(unknown[0])).as_py()
        listed = ", ".join(map(repr, unknown[:MAX_NAMED]))
        listed += f" and {len(unknown) - MAX_NAMED} more" if len(unknown) > MAX_NAMED else ""
        raise SourceError(
            f"{where} has labels that are {known.UNKNOWN}, from {place_of(path, first)} on: "
            f"{listed}",
            fix=known.how_to_mend(index),
        )
    return pa.DictionaryArray.from_arrays(labels.indices, pa.array(names, pa.string()))


def _first_of_each(
    ids: pa.DictionaryArray,
    annotators: pa.DictionaryArray,
    labels: pa.DictionaryArray,
    rows: Rows,
    where: str,
    path: Path,
) -> Rows:
    """Keep, of the labels in `rows`, the first by each annotator for each example, in order.

    Raises:
        SourceError: two labels of one annotator differ.
    """
    example, annotator, label = (
        column.indices.fill_null(0).to_numpy(zero_copy_only=False)[rows].astype(np.int64)
        for column in (ids, annotators, labels)
    )
    keys = example * len(annotators.dictionary) + annotator
    order = np.argsort(keys, kind="stable")
    repeats = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    one, other = order[repeats], order[repeats + 1]
    differing = np.flatnonzero(label[one] != label[other])
    if len(differing):
        first = differing[np.argmin(other[differing])]
        places = " and ".join(place_of(path, int(rows[at])) for at in (one[first], other[first]))
        both = ", ".join(
            labels.dictionary[int(label[at])].as_py() for at in (one[first], other[first])
        )
        name = ids.dictionary[int(example[one[first]])].as_py()
        more = f"; so do {len(differing) - 1} more" if len(differing) > 1 else ""
        raise SourceError(
            f"{where} has two labels of one annotator for {name}: {places} differ ({both}){more}",
            fix="keep the one that counts",
        )
    return np.delete(rows, other)


COLUMNS = ["id", "annotator", "label"]

ROWS_AT_ONCE = 1 << 16


def read_batches(path: Path, where: str) -> Iterator[pa.Table]:
    """Read COLUMNS as text without blanks around it, in Unicode NFC; null where a cell is blank.

    Raises:
        SourceError: it is damaged, or lacks a column.
    """
    for batch in _parquet(path, where) if _is_parquet(path) else _csv(path, where):
        texts = {}
        for name in COLUMNS:
            text = pc.utf8_normalize(batch[name].cast(pa.string()), "NFC")
            text = pc.utf8_trim_whitespace(text)
            text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
            texts[name] = (harmless_ids if name == "id" else harmless)(text)
        yield pa.table(texts)


def _parquet(path: Path, where: str) -> Iterator[pa.RecordBatch]:
    table = ParquetTable(path, where)
    _require_columns(table.schema.names, where)
    for name in COLUMNS:
        kind = table.schema.field(name).type
        if pa.types.is_floating(kind) or not is_one_value(kind):
            raise SourceError(
                f"{where} has {kind} in column {name}, expected texts or whole numbers",
                fix="write it in another type",
            )
    yield from table.batches(COLUMNS, ROWS_AT_ONCE)


def _csv(path: Path, where: str) -> Iterator[pa.RecordBatch]:
    text = _text(path, where)
    try:
        names = text.names
    except SourceError as error:
        raise SourceError(error.what, fix=FIX) from None
    _require_columns(names, where)
    yield from text.batches(COLUMNS)


def _require_columns(names: Sequence[str], where: str) -> None:
    for column in COLUMNS:
        if (number := list(names).count(column)) != 1:
            how_many = "no column" if number == 0 else f"{number} columns"
            raise SourceError(
                f"{where} has {how_many} {column}; it has {', '.join(names) or 'none'}",
                fix=f"give it the columns {', '.join(COLUMNS)}",
            )


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}", fix="check its permissions"
        ) from None


def _text(path: Path, where: str) -> DelimitedText:
    return DelimitedText(partial(path.open, "rb"), where)


def place_of(path: Path, row: int) -> str:
    """The place of a row, as an editor would show it: `line 7`; `row 5` of a Parquet file."""
    if _is_parquet(path):
        return f"row {row}"
    return f"line {_text(path, str(path)).line_of(row)}"
