"""Roles of the columns of a Parquet file in the Hugging Face layout, by its schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.runtime.errors import SourceError
from pipeline.sources.tables.harmless import harmless_text
from pipeline.sources.tables.parquet import is_one_value
from pipeline.targets.protocols.labels import Labels

USUAL_LABELS = ("label", "labels", "fine_label")
MAX_NAMED = 20


class ParquetLayout(NamedTuple):
    """Names of the columns in the source; None if there is none."""

    id: str | None
    content: str
    label: str
    split: str | None
    group: str | None
    license: str | None
    purposes: str | None


def find_layout(
    schema: pa.Schema, entry: Entry, path: Path, prepare: Prepare, labels: Labels
) -> ParquetLayout:
    """Find the columns that the entry names, or usual ones, in the `schema` of the file `path`.

    Raises:
        SourceError: there is no column of labels, or one has the wrong type, or its name twice.
    """
    columns = entry.columns
    key = content_column(prepare)
    content = holding_column(schema, entry, prepare)
    assert content is not None
    if getattr(columns, key) is None:
        _refuse_undecided(_contents(schema, prepare), _usual_contents(prepare), key, path)
    if (label := getattr(columns, labels.COLUMN, None)) is None:
        _refuse_undecided(_labels(schema), USUAL_LABELS, labels.COLUMN, path)
        label = next(iter(_by_usual_name(_labels(schema), USUAL_LABELS)), None)
    if label is None or label not in schema.names:
        raise SourceError(
            f"{path} has no label column{f' {label}' if label else ''}; it has "
            f"{', '.join(schema.names[:MAX_NAMED])}",
            fix=f"name it in the catalog entry, under columns: {labels.COLUMN}:",
        )
    split = columns.split or ("split" if "split" in schema.names else None)
    found = ParquetLayout(
        columns.id, content, label, split, columns.group, columns.license, columns.purposes
    )
    for name in found:
        if name is not None and (number := schema.names.count(name)) > 1:
            raise SourceError(
                f"{path} has {number} columns called {name}",
                fix="rename them, so that each column has a name of its own",
            )
    for role, name in found._asdict().items():
        if role == "content" or name not in schema.names:
            continue
        if not is_one_value(schema.field(name).type):
            role = labels.COLUMN if role == "label" else role
            raise SourceError(
                f"{path}: {role} column {name} holds {schema.field(name).type}, expected a name or "
                "a number a row",
                fix=f"name another column in the catalog entry, under columns: {role}:",
            )
    content_type = schema.field(content).type
    if not prepare.may_hold(content_type):
        raise SourceError(
            f"{path}: {key} column {content} holds {content_type}, expected encoded "
            f"{prepare.NOUN}s",
            fix=f"name another column in the catalog entry, under columns: {key}:",
        )
    return found


def holding_column(schema: pa.Schema, entry: Entry, prepare: Prepare) -> str | None:
    """The column that the entry names, or the column of contents with a usual name, or the first
    one."""
    if (name := getattr(entry.columns, content_column(prepare))) is not None:
        return name if name in schema.names else None
    found = _by_usual_name(_contents(schema, prepare), _usual_contents(prepare))
    return next(iter(found), None)


def names_of_codes(schema: pa.Schema, label: str) -> list[str] | None:
    """The names of labels that are codes, by code, if the schema has them."""
    names = _features(schema).get(label, {}).get("names")
    if not isinstance(names, list) or not all(isinstance(name, str | int) for name in names):
        return None
    return [harmless_text(str(name)) for name in names] or None


def notes_on_columns(
    schema: pa.Schema, layout: ParquetLayout, prepare: Prepare, labels: Labels
) -> Iterator[str]:
    """Sentences on which of several columns was chosen, and on those not used."""
    for key, chosen, candidates in (
        (content_column(prepare), layout.content, _contents(schema, prepare)),
        (labels.COLUMN, layout.label, _labels(schema)),
    ):
        if len(candidates) > 1:
            yield f"{key} column: {chosen}, of {', '.join(candidates)}"
    unused = [name for name in schema.names if name not in layout]
    if unused:
        more = f" and {len(unused) - MAX_NAMED} more" if len(unused) > MAX_NAMED else ""
        yield f"columns that are not used: {', '.join(unused[:MAX_NAMED])}{more}"
    if _metadata(schema) is not None and not _features(schema):
        yield "the description of the columns by Hugging Face's datasets cannot be read"
    names = _features(schema).get(layout.label, {}).get("names")
    if names and names_of_codes(schema, layout.label) is None:
        yield f"the names that the file has for the codes of {layout.label} cannot be read"


def _refuse_undecided(candidates: list[str], usual: tuple[str, ...], key: str, path: Path) -> None:
    """
    Raises:
        SourceError: there are several columns, and none has a usual name.
    """
    if len(candidates) > 1 and not {name.lower() for name in candidates} & {*usual}:
        raise SourceError(
            f"{path} has several columns that may be the {key}: {', '.join(candidates)}",
            fix=f"name the one that counts in the catalog entry, under columns: {key}:",
        )


def _by_usual_name(names: list[str], usual: tuple[str, ...]) -> list[str]:
    """Sort names: usual ones first, in the order of `usual`."""
    place = {name: number for number, name in enumerate(usual)}
    return sorted(names, key=lambda name: place.get(name.lower(), len(usual)))


def _contents(schema: pa.Schema, prepare: Prepare) -> list[str]:
    return [field.name for field in schema if prepare.may_hold(field.type)]


def _usual_contents(prepare: Prepare) -> tuple[str, ...]:
    return (content_column(prepare), *prepare.USUAL_NAMES)


def _labels(schema: pa.Schema) -> list[str]:
    """Columns that hold labels by their type, or by their name."""
    features = _features(schema)
    return [
        name
        for name in dict.fromkeys(schema.names)
        if name.lower() in USUAL_LABELS or features.get(name, {}).get("_type") == "ClassLabel"
    ]


def _metadata(schema: pa.Schema) -> bytes | None:
    return (schema.metadata or {}).get(b"huggingface")


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """Descriptions of columns by name, from the metadata that Hugging Face's datasets writes.

    It is not trusted: anything invalid counts as missing.
    """
    features: Any
    try:
        features = json.loads(_metadata(schema) or b"{}")
    except (ValueError, RecursionError):
        return {}
    for key in ("info", "features"):
        features = features.get(key) if isinstance(features, dict) else None
    if not isinstance(features, dict):
        return {}
    return {name: value for name, value in features.items() if isinstance(value, dict)}
