"""data/findings: what clean found, as tables; see tables.py for the folder.

Every reason is a word out of few, and every reference to another example is an id in a column of
its own: what people read is made of them where it is shown, and `forget` finds an id in any of
them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.dataset.review_queue import REVIEW_QUEUE_SCHEMA
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
    pa.field("detail", pa.string()),  # what validate says of an unusable one
    pa.field("of", pa.string()),  # the example that it repeats
    pa.field("similarity", pa.float64()),  # to that one: 1 where exact
]


def removed_schema(raw: pa.Schema) -> pa.Schema:
    """Columns of the table `removed`: those of data/raw, and why."""
    return pa.schema([*raw, *REMOVED])


SCHEMAS: dict[str, pa.Schema] = {  # of the tables but `removed`
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
    "noise": pa.schema(  # share of the examples of a class that have each label
        [
            pa.field("true", pa.string(), nullable=False),
            pa.field("given", pa.string(), nullable=False),
            pa.field("share", pa.float64(), nullable=False),
        ]
    ),
    "annotators": pa.schema(  # by name; null where nothing can be said
        [
            pa.field("annotator", pa.string(), nullable=False),
            pa.field("labels", pa.int64(), nullable=False),
            pa.field("agreement", pa.float64()),  # with the majority of the others
            pa.field("accuracy", pa.float64()),  # estimated
            pa.field("kappa", pa.float64()),  # accuracy beyond chance (Cohen 1960)
            pa.field("worst_class", pa.string()),
            pa.field("worst_class_recall", pa.float64()),  # estimated
        ]
    ),
    "agreement": pa.schema(  # Krippendorff's alpha of each class against the rest
        [pa.field("class", pa.string(), nullable=False), pa.field("alpha", pa.float64())]
    ),
    "relabel_queue": pa.schema(  # the examples most worth another label, the best first
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("given", pa.string(), nullable=False),
            pa.field("consensus", pa.string(), nullable=False),
            pa.field("confidence", pa.float64(), nullable=False),
            pa.field("num_labels", pa.int64(), nullable=False),
            pa.field("gain", pa.float64(), nullable=False),
        ]
    ),
}


def table_of(name: str, rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows as the table `name` of SCHEMAS."""
    schema = SCHEMAS[name]
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def write_findings(folder: Path, tables: Mapping[str, pa.Table], **about: Any) -> None:
    """Write `removed` and all of SCHEMAS; `about` goes into the index."""
    assert tables.keys() == {"removed", *SCHEMAS}, tables.keys() ^ {"removed", *SCHEMAS}
    for name, schema in SCHEMAS.items():
        assert tables[name].schema == schema, f"{name}: {tables[name].schema}"
    write_tables(folder, tables, **about)
