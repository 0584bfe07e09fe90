"""What the columns of a Parquet file in the Hugging Face layout are, by its schema."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.runtime.errors import SourceError

USUAL_LABELS = ("label", "labels", "fine_label")


class ParquetLayout(NamedTuple):
    """Names of the columns in the source; None where there is none."""

    id: str | None
    image: str
    label: str
    split: str | None
    group: str | None
    license: str | None
    purposes: str | None


def find_layout(schema: pa.Schema, entry: Entry, path: Path) -> ParquetLayout:
    """The columns that the entry names, or usual ones; `schema` is that of `path`, with images.

    Raises:
        SourceError: there is no column of labels, or one holds something else than it should.
    """
    columns = entry.columns
    image = image_column(schema, entry)
    assert image is not None
    label = columns.label or _label_column(schema)
    if label is None or label not in schema.names:
        raise SourceError(
            f"{path} has no label column{f' {label}' if label else ''}; it has {schema.names}",
            fix="name it in the catalog entry, under columns: label:",
        )
    label_type = schema.field(label).type
    if pa.types.is_nested(label_type) or pa.types.is_binary(label_type):
        raise SourceError(
            f"{path}: label column {label} holds {label_type}, expected a name or a number a row",
            fix="name another column in the catalog entry, under columns: label:",
        )
    image_type = schema.field(image).type
    if not _may_hold_images(image_type):
        raise SourceError(
            f"{path}: image column {image} holds {image_type}, expected encoded images",
            fix="name another column in the catalog entry, under columns: image:",
        )
    split = columns.split or ("split" if "split" in schema.names else None)
    return ParquetLayout(
        columns.id, image, label, split, columns.group, columns.license, columns.purposes
    )


def image_column(schema: pa.Schema, entry: Entry) -> str | None:
    """The column that the entry names, or the first that may hold encoded images."""
    if entry.columns.image is not None:
        return entry.columns.image if entry.columns.image in schema.names else None
    return next((field.name for field in schema if _may_hold_images(field.type)), None)


def class_names(schema: pa.Schema, label: str) -> list[str] | None:
    """The names of a label's classes in the order of their indices, where the schema has them."""
    names = _features(schema).get(label, {}).get("names")
    return [str(name) for name in names] if names else None


def _may_hold_images(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or (pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0)
    )


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
