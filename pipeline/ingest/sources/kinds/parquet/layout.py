"""What the columns of a Parquet file in the Hugging Face layout are, by its schema."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.runtime.errors import SourceError
from pipeline.targets.protocols.labels import Labels

USUAL_LABELS = ("label", "labels", "fine_label")


class ParquetLayout(NamedTuple):
    """Names of the columns in the source; None where there is none."""

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
    """The columns that the entry names, or usual ones; `schema` is that of `path`, with contents.

    Raises:
        SourceError: there is no column of labels, or one holds something else than it should.
    """
    columns = entry.columns
    content = holding_column(schema, entry, prepare)
    assert content is not None
    label = getattr(columns, labels.COLUMN, None) or _label_column(schema)
    if label is None or label not in schema.names:
        raise SourceError(
            f"{path} has no label column{f' {label}' if label else ''}; it has {schema.names}",
            fix=f"name it in the catalog entry, under columns: {labels.COLUMN}:",
        )
    label_type = schema.field(label).type
    if pa.types.is_nested(label_type) or pa.types.is_binary(label_type):
        raise SourceError(
            f"{path}: label column {label} holds {label_type}, expected a name or a number a row",
            fix=f"name another column in the catalog entry, under columns: {labels.COLUMN}:",
        )
    content_type = schema.field(content).type
    if not prepare.may_hold(content_type):
        key = content_column(prepare)
        raise SourceError(
            f"{path}: {key} column {content} holds {content_type}, expected encoded "
            f"{prepare.NOUN}s",
            fix=f"name another column in the catalog entry, under columns: {key}:",
        )
    split = columns.split or ("split" if "split" in schema.names else None)
    return ParquetLayout(
        columns.id, content, label, split, columns.group, columns.license, columns.purposes
    )


def holding_column(schema: pa.Schema, entry: Entry, prepare: Prepare) -> str | None:
    """The column that the entry names, or the first that may hold contents."""
    if (name := getattr(entry.columns, content_column(prepare))) is not None:
        return name if name in schema.names else None
    return next((field.name for field in schema if prepare.may_hold(field.type)), None)


def names_of_codes(schema: pa.Schema, label: str) -> list[str] | None:
    """The names of labels that are codes, in the order of these, where the schema has them."""
    names = _features(schema).get(label, {}).get("names")
    return [str(name) for name in names] if names else None


def _label_column(schema: pa.Schema) -> str | None:
    for name, feature in _features(schema).items():
        if feature.get("_type") == "ClassLabel":
            return name
    return next((name for name in USUAL_LABELS if name in schema.names), None)


def _features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """Descriptions of columns by name, from the metadata that Hugging Face's datasets writes."""
    text = (schema.metadata or {}).get(b"huggingface")
    features = json.loads(text).get("info", {}).get("features", {}) if text else {}
    return {name: value for name, value in features.items() if isinstance(value, dict)}
