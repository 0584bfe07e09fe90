"""data/findings: the findings of clean, as tables; see tables.py for the folder.

Every reason is one of a few words, and every reference to another example is an id in a separate
column: sentences are made where they are shown, and `forget` finds an id in any column.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.dataset.review.queue import REVIEW_QUEUE_SCHEMA
from pipeline.dataset.table import WORD
from pipeline.dataset.tables import write_tables

UNUSABLE, DUPLICATE, LEAK, DROPPED, LABEL, OUTLIER = REASONS = (
    "unusable",  # validate set it aside
    "duplicate",  # of another example in the same split
    "leak",  # of an example in another split
    "dropped",  # by a person
    "label",  # suspected, with clean.action: drop
    "outlier",  # with clean.remove_outliers
)
"""Why an example is removed."""


REMOVED = [
    pa.field("reason", WORD, nullable=False),  # out of REASONS
    pa.field("detail", pa.string()),  # the reason from validate, of an unusable one
    pa.field("of", pa.string()),  # the example that it repeats
    pa.field("similarity", pa.float64()),  # to that one: 1 where exact
]


def removed_schema(raw: pa.Schema) -> pa.Schema:
    """Columns of the table `removed`: those of data/raw, and the reason."""
    return pa.schema([*raw, *REMOVED])


SCHEMAS: dict[str, pa.Schema] = {
    # All tables except `removed`, and those of a single target (targets/protocols/noise.py).
    "review_queue": REVIEW_QUEUE_SCHEMA,
    "duplicates": pa.schema(  # those of another split first, the most similar first
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),  # exact or near
            pa.field("of", pa.string(), nullable=False),  # the example that it repeats
            pa.field("of_split", pa.string(), nullable=False),
            pa.field("similarity", pa.float64(), nullable=False),  # 0 to 1
            pa.field("removed", pa.bool_(), nullable=False),
        ]
    ),
    "suspected": pa.schema(  # labels, the most doubtful first
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("given", pa.string(), nullable=False),
            pa.field("proposed", pa.string(), nullable=False),
            pa.field("label_quality", pa.float64(), nullable=False),
        ]
    ),
    "outliers": pa.schema(  # the most unusual first, then what lies farthest from the others
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("label", pa.string()),
            pa.field("outlier", pa.bool_(), nullable=False),
            pa.field("unusual", pa.float64()),
            pa.field("distance", pa.float64()),
        ]
    ),
    "pool": pa.schema(  # examples of data/raw that wait for a label
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field(
                "reason", pa.string(), nullable=False
            ),  # UNLABELLED, or the reason it is unusable
        ]
    ),
}
UNLABELLED = "unlabelled"


def table_of(schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows as a table of that schema."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def write_findings(
    folder: Path,
    tables: Mapping[str, pa.Table],
    of_target: Mapping[str, pa.Schema],
    **about: Any,
) -> None:
    """Write `removed`, all of SCHEMAS and of the target's; `about` goes into the index."""
    schemas = {**SCHEMAS, **of_target}
    assert tables.keys() == {"removed", *schemas}, tables.keys() ^ {"removed", *schemas}
    for name, schema in schemas.items():
        assert tables[name].schema == schema, f"{name}: {tables[name].schema}"
    write_tables(folder, tables, **about)
