"""The roles of columns in a table of texts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.text.prepare.sources.names import (
    USUAL_ANNOTATORS,
    USUAL_IDS,
    USUAL_SPLITS,
    USUAL_TEXTS,
)
from pipeline.modalities.text.prepare.sources.reading import ALL_SPLITS
from pipeline.runtime.errors import SourceError

FEW = 200
"""Different values of a column that may be one of labels."""
LOOKED_AT = 1000
OTHERS = ("id", "split", "group", "time", "known_at", "license", "purposes", "annotator")
MAX_NAMED = 20


class Roles(NamedTuple):
    """Names of columns; None for what there is not."""

    texts: list[str]
    label: str
    label_key: str
    """Under `columns` of an entry."""
    id: str | None
    split: str | None
    group: str | None
    time: str | None
    known_at: str | None
    license: str | None
    purposes: str | None
    annotator: str | None

    @property
    def named(self) -> dict[str, str]:
        """Columns that stand alone, by key of an entry."""
        found = {name: getattr(self, name) for name in OTHERS}
        return {self.label_key: self.label} | {k: v for k, v in found.items() if v is not None}


def said_columns(entry: Any, label_key: str) -> list[str]:
    """All columns that an entry names."""
    columns = entry.columns
    said = [getattr(columns, name, None) for name in (label_key, *OTHERS)]
    return [name for name in (*_texts(entry), *said, *entry.slices) if name]


def _texts(entry: Any) -> list[str]:
    said = entry.columns.text
    return [said] if isinstance(said, str) else list(said or ())


def roles_of(entry: Any, columns: Mapping[str, pa.ChunkedArray], labels: Any, where: str) -> Roles:
    """Find the columns that the entry names, that are usually called so, or that look like it.

    Raises:
        SourceError: one that the entry names is not there; or none may be texts, or labels.
    """
    names = list(columns)
    for name in said_columns(entry, labels.COLUMN):
        if name not in columns:
            raise SourceError(
                f"{where} has no column {name}; it has {_some(names)}",
                fix="correct columns: or slices: in the catalog entry",
            )
    found = {name: getattr(entry.columns, name, None) for name in OTHERS}
    found["annotator"] = found["annotator"] or _usual(names, USUAL_ANNOTATORS)
    usual = _usual(names, USUAL_IDS)
    if found["id"] is None and usual and (found["annotator"] or _are_ids(columns[usual])):
        found["id"] = usual
    usual = _usual(names, USUAL_SPLITS)
    if found["split"] is None and usual and _are_splits(columns[usual]):
        found["split"] = usual
    taken = {*found.values(), *entry.slices}
    free = [name for name in names if name not in taken]
    label: str | None = getattr(entry.columns, labels.COLUMN, None)
    texts = _texts(entry)
    if label is None:
        label = _usual(free, labels.USUAL_NAMES) or _labels_by_looking(columns, free, texts)
    if not texts:
        rest = [name for name in free if name != label]
        text = _usual(rest, USUAL_TEXTS) or _texts_by_looking(columns, rest)
        texts = [text] if text else []
    for key, column in (("text", texts[0] if texts else None), (labels.COLUMN, label)):
        if column is None:
            raise SourceError(
                f"{where} has no column that is one of {key}s by its name or its look; it has "
                f"{_some(names)}",
                fix=f"name it in the catalog entry, under columns: {key}:",
            )
    return Roles(texts, str(label), labels.COLUMN, **found)


def _usual(names: Sequence[str], usual: Iterable[str]) -> str | None:
    by_name = {name.strip().lower(): name for name in reversed(names)}
    return next((by_name[name] for name in usual if name in by_name), None)


def _labels_by_looking(
    columns: Mapping[str, pa.ChunkedArray], names: Sequence[str], texts: Sequence[str]
) -> str | None:
    """The column with the fewest different values, of those with few that come again."""
    found = []
    for place, name in enumerate(names):
        values = columns[name].drop_null()
        different = len(pc.unique(values))
        if name not in texts and 2 <= different <= FEW and 2 * different <= len(values):
            found.append((different, place, name))
    return min(found)[2] if found else None


def _texts_by_looking(columns: Mapping[str, pa.ChunkedArray], names: Sequence[str]) -> str | None:
    """The column with the longest values on average, of those in which most have letters, and a
    tenth differ."""
    lengths = {}
    for name in names:
        values = columns[name].slice(0, LOOKED_AT).drop_null()
        num_with_letters = pc.sum(pc.match_substring_regex(values, r"\pL")).as_py() or 0
        if 2 * num_with_letters > len(values) and 10 * len(pc.unique(values)) >= len(values):
            lengths[name] = pc.mean(pc.utf8_length(values)).as_py()
    return max(lengths, key=lambda name: lengths[name], default=None)


def _are_ids(column: pa.ChunkedArray) -> bool:
    return not column.null_count and len(pc.unique(column)) == len(column)


def _are_splits(column: pa.ChunkedArray) -> bool:
    found = {str(text).strip().lower() for text in pc.unique(column).to_pylist() if text}
    return bool(found) and found <= {*ALL_SPLITS}


def _some(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMED
    return (", ".join(names[:MAX_NAMED]) or "none") + (f" and {more} more" if more > 0 else "")


def notes_on_columns(entry: Any, roles: Roles, columns: Mapping[str, Any]) -> list[str]:
    """Notes on columns that were found by looking, and on those that are not used."""
    notes = []
    if not _texts(entry):
        notes.append(f"texts are those of column {roles.texts[0]}")
    if getattr(entry.columns, roles.label_key, None) is None:
        notes.append(f"labels are those of column {roles.label}")
    used = {*roles.texts, *roles.named.values(), *entry.slices}
    if unused := [name for name in columns if name not in used]:
        notes.append(f"columns that are not used: {_some(unused)}")
    return notes
