"""Roles of the columns of a table, and values of those that are not inputs."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.tables.content.values import folded
from pipeline.modalities.tables.prepare.sources.reading import TextTable
from pipeline.modalities.tables.prepare.types.texts import Texts, some
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import SPLIT_NAMES

USUAL_IDS = ("id",)
USUAL_SPLITS = ("split", "subset")
OTHER_DELIMITER = re.compile(r"\w\s*([:^~!#&*])\s*\w")
"""A sign between two words of a header that no dialect has by itself."""


class Roles(NamedTuple):
    """Names of columns by role; None for a missing one."""

    label: str
    inputs: list[str]
    """All other columns, in order."""
    id: str | None
    split: str | None
    group: str | None
    time: str | None
    known_at: str | None
    user: str | None
    license: str | None
    purposes: str | None
    label_key: str
    """Key of the label under `columns` of an entry."""


class RoleTexts(NamedTuple):
    """A column that is not an input, as texts; null for none."""

    texts: pa.ChunkedArray
    notes: list[str]
    doubts: list[str]


OTHERS = ("id", "split", "group", "time", "known_at", "user", "license", "purposes")


def roles_of(entry: Any, columns: Mapping[str, pa.ChunkedArray], labels: Any, where: str) -> Roles:
    """Assign roles to columns that the entry names, or that have usual names.

    Raises:
        SourceError: a column that the entry names is missing, or none is the label.
    """
    names = list(columns)
    named = entry.columns
    _refuse_no_table(names, entry, where)
    for key, name in _named(entry, labels.COLUMN):
        if name not in columns:
            raise SourceError(
                f"{where} has no column {name}; it has {some(names, 30) or 'none'}",
                fix=f"correct {key} in the catalog entry",
            )
    label = getattr(named, labels.COLUMN, None) or _usual(names, labels.USUAL_NAMES)
    if label is None:
        raise SourceError(
            f"{where} has no column called {' or '.join(labels.USUAL_NAMES[:3])}; it has "
            f"{some(names, 30) or 'none'}",
            fix=f"name the one to be predicted in the catalog entry, under columns: "
            f"{labels.COLUMN}:",
        )
    found = {name: getattr(named, name, None) for name in OTHERS}
    if found["id"] is None:
        usual = _usual(names, USUAL_IDS)
        found["id"] = usual if usual and _is_id(columns[usual]) else None
    if found["split"] is None:
        usual = _usual(names, USUAL_SPLITS)
        found["split"] = usual if usual and _are_splits(columns[usual]) else None
    taken = {label, *found.values(), *named.ignore}
    kept = {*entry.slices} | {*(entry.inputs or ())}
    inputs = [name for name in names if name not in taken or (name in kept and name != label)]
    return Roles(label, inputs, **found, label_key=labels.COLUMN)


def _refuse_no_table(names: list[str], entry: Any, where: str) -> None:
    """
    Raises:
        SourceError: there is no column, or one whose name shows that it is no table.
    """
    if not names:
        raise SourceError(
            f"{where} is empty, or none of its columns has a name",
            fix="check uri in the catalog entry; the first line has the names",
        )
    if names[0].startswith("<"):
        raise SourceError(
            f"{where} is HTML or XML, expected a table; it begins with {names[0][:40]}",
            fix="save it as CSV",
        )
    sign = OTHER_DELIMITER.search(names[0]) if len(names) == 1 else None
    if sign and entry.dialect.delimiter is None:
        raise SourceError(
            f"{where} has one column, called {names[0][:80]}: another sign separates its values",
            fix=f"add `dialect: {{delimiter: '{sign[1]}'}}` to the catalog entry, or save it with "
            "commas",
        )


def _named(entry: Any, label: str) -> Iterable[tuple[str, str]]:
    """Columns that an entry names, with their keys."""
    for key in (label, *OTHERS):
        if (name := getattr(entry.columns, key, None)) is not None:
            yield f"columns: {key}:", name
    for key, names in (
        ("columns: ignore:", entry.columns.ignore),
        ("types:", entry.types),
        ("slices:", entry.slices),
        ("inputs:", entry.inputs or ()),
        ("quasi_identifiers:", entry.quasi_identifiers),
        ("missing:", entry.missing if isinstance(entry.missing, Mapping) else ()),
    ):
        for name in names:
            yield key, name


def _usual(names: list[str], usual: Iterable[str]) -> str | None:
    by_name = {name.strip().lower(): name for name in reversed(names)}
    return next((by_name[name] for name in usual if name in by_name), None)


def _is_id(column: pa.ChunkedArray) -> bool:
    return not column.null_count and len(pc.unique(column)) == len(column)


def _are_splits(column: pa.ChunkedArray) -> bool:
    found = {str(text).strip().lower() for text in pc.unique(column).to_pylist() if text}
    return bool(found) and found <= {*SPLIT_NAMES}


def clean_texts(texts: Texts) -> pa.ChunkedArray:
    """Normalise texts: no blanks around, one encoding of accents."""
    return pc.utf8_normalize(texts.values, "NFC")


def map_texts(column: pa.ChunkedArray, function: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Map a column; the function is called once for each distinct text."""
    texts = pc.unique(column).drop_null()
    values = pa.array([function(text) for text in texts.to_pylist()], pa.string())
    return values.take(pc.index_in(column, texts))


def read_groups(texts: Texts) -> RoleTexts:
    """Read groups in one spelling each, ignoring differences in case, blanks and hyphens."""
    notes = []
    spelled = {text: alike[0] for alike in texts.spellings.values() for text in alike}
    several = [alike for alike in texts.spelled.values() if len(alike) > 1]
    if several:
        shown = some([repr(text) for text in several[0]], 2)
        notes.append(
            f"column {texts.name}: {len(several)} groups are spelled in several ways, such as "
            f"{shown}: case, blanks and kinds of hyphens make no other group"
        )
    if missing := texts.num_rows - texts.num_there:
        notes.append(
            f"column {texts.name}: {missing} rows have no group: each counts as a group of its own"
        )
    column = map_texts(texts.values, lambda text: spelled.get(text, text))
    return RoleTexts(column, notes, [])


def read_splits(
    roles: Roles, table: TextTable, texts_of: Callable[[str], Texts]
) -> tuple[pa.ChunkedArray | None, frozenset[str]]:
    """Read the split of each row by its column, or by the name of its file; returns all splits too.

    Raises:
        SourceError: a split is unknown.
    """
    if roles.split is not None:
        texts = texts_of(roles.split)
        unknown = [text for text in texts.counts if text.lower() not in SPLIT_NAMES]
        if unknown:
            raise SourceError(
                f"column {roles.split} has the unknown split {unknown[0]!r}",
                fix=f"the known ones are {', '.join(SPLIT_NAMES)}",
            )
        column = map_texts(texts.values, lambda text: SPLIT_NAMES[text.lower()])
    else:
        of_files = [SPLIT_NAMES.get(folded(PurePosixPath(name).stem)) for name in table.files]
        if len(table.files) < 2 or None in of_files:
            return None, frozenset()
        column = pa.chunked_array(
            [
                pa.array([split] * num, pa.string())
                for split, num in zip(of_files, table.file_rows, strict=True)
            ]
        )
    return column, frozenset(pc.unique(column).drop_null().to_pylist())
