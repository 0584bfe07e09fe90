"""Columns of data/raw, by what an example is and what is said of it."""

from functools import cache

import pyarrow as pa

from pipeline.dataset.table import WORD, raw_schema
from pipeline.modalities.opening import open_prepare
from pipeline.targets.opening import open_labels


@cache
def schema_of(modality: str, target: str) -> pa.Schema:
    """All columns, in order."""
    prepare, labels = open_prepare(modality), open_labels(target)
    return raw_schema(
        [pa.field(name, pa.type_for_alias(kind)) for name, kind in prepare.CONTENT.items()],
        pa.field(labels.COLUMN, labels.column_type()),
        [
            *(pa.field(m.name, pa.type_for_alias(m.type)) for m in prepare.MEASUREMENTS),
            *(pa.field(name, WORD) for name in prepare.WORDS),
        ],
    )


@cache
def names_without_content(modality: str, target: str) -> list[str]:
    """Names of the columns that are small."""
    content = open_prepare(modality).CONTENT
    return [name for name in schema_of(modality, target).names if name not in content]
