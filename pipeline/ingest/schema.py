"""Columns of data/raw, by modality and target."""

from collections.abc import Sequence
from functools import cache

import pyarrow as pa

from pipeline.dataset.splits.clock import Clock
from pipeline.dataset.splits.times import read_times
from pipeline.dataset.table import SLICE, WORD, raw_schema, words
from pipeline.modalities.opening import open_prepare
from pipeline.targets.opening import open_labels


@cache
def schema_of(
    modality: str, target: str, time: str | None = None, slices: tuple[str, ...] = ()
) -> pa.Schema:
    """All columns, in order; `time` and `slices` as in `raw_schema`."""
    prepare, labels = open_prepare(modality), open_labels(target)
    return raw_schema(
        [pa.field(name, pa.type_for_alias(kind)) for name, kind in prepare.CONTENT.items()],
        pa.field(labels.COLUMN, labels.column_type()),
        [
            *(pa.field(m.name, pa.type_for_alias(m.type)) for m in prepare.MEASUREMENTS),
            *(pa.field(name, WORD) for name in prepare.WORDS),
        ],
        time,
        slices,
    )


def without_content(schema: pa.Schema, modality: str) -> list[str]:
    """Names of the columns of a schema that are small."""
    content = open_prepare(modality).CONTENT
    return [name for name in schema.names if name not in content]


def timed_and_sliced(
    table: pa.Table, clock: Clock | None, slices: Sequence[str]
) -> dict[str, pa.Array]:
    """The columns of times and of slices, from a table in `example_schema`."""
    columns = {"time": read_times(table["time"], clock.type)} if clock else {}
    if slices:
        values = [dict(row or ()) for row in table["slices"].to_pylist()]
        columns |= {SLICE + n: words([row.get(n) for row in values]) for n in slices}
    return columns
