"""All examples as lines of reports/rows.csv: those of data/clean, the removed, and the pool."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.findings import UNLABELLED, UNUSABLE
from pipeline.dataset.rows import SCHEMA, as_rows
from pipeline.dataset.table import read_tables
from pipeline.dataset.tables import read_table


def all_rows(raw: Path, clean: Path, findings: Path, label: str) -> pa.Table:
    """A row for each example; `label` is the column of labels."""
    columns = ["id", "sha256", label, "split"]
    kept = [as_rows(table, label) for table in read_tables(clean, [*columns, "weight"])]
    removed = as_rows(read_table(findings, "removed", [*columns, "reason"]), label)
    pool = [
        as_rows(with_reason(table), label)
        for table in read_tables(raw, [*columns, "problem"], "pool")
    ]
    return pa.concat_tables([SCHEMA.empty_table(), *kept, removed, *pool])


def with_reason(pool: pa.Table) -> pa.Table:
    """Examples of the pool with why they are not in data/clean."""
    reason = pc.if_else(pc.is_valid(pool["problem"]), UNUSABLE, UNLABELLED)
    return pool.append_column("reason", reason)
