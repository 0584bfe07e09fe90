"""Columns of data/raw that validate reads: all but those with much content."""

import pandas as pd
import pyarrow as pa

from pipeline.dataset.table import WORD, raw_schema
from pipeline.modalities.protocols.checks import Checks
from pipeline.targets.protocols.rules import Rules


def time_type(schema: pa.Schema) -> str | None:
    """The type of the column `time`, by its name in Arrow; None where there is none."""
    return str(schema.field("time").type) if "time" in schema.names else None


def expected_columns(checks: Checks, labels: Rules, time: str | None = None) -> pa.Schema:
    """Columns by what an example is and what is said of it, with their types.

    `time` is as `time_type` returns it.
    """
    return raw_schema(
        [pa.field(name, pa.type_for_alias(kind)) for name, kind in checks.CONTENT.items()],
        labels.LABEL,
        [
            *(pa.field(m.name, pa.type_for_alias(m.type)) for m in checks.MEASUREMENTS),
            *(pa.field(name, WORD) for name in checks.WORDS),
        ],
        time,
    )


def column_table(found: pa.Schema, expected: pa.Schema) -> pd.DataFrame:
    """A row for each column that is there or should be: id (its name), type, expected."""
    types = {field.name: str(field.type) for field in found}
    wanted = {field.name: str(field.type) for field in expected}
    names = sorted(wanted | types)
    return pd.DataFrame(
        {
            "id": names,
            "type": [types.get(name, "missing") for name in names],
            "expected": [wanted.get(name, "none") for name in names],
        }
    )
