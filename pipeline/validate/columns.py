"""Columns of data/raw that validate reads: all but those with much content."""

import pandas as pd
import pyarrow as pa

from pipeline.dataset.table import WORD, raw_schema
from pipeline.modalities.protocols.checks import Checks
from pipeline.targets.protocols.rules import Rules


def expected_columns(checks: Checks, labels: Rules) -> pa.Schema:
    """Columns of the modality and the target, with their types."""
    return raw_schema(
        [pa.field(name, pa.type_for_alias(kind)) for name, kind in checks.CONTENT.items()],
        labels.LABEL,
        [
            *(pa.field(m.name, pa.type_for_alias(m.type)) for m in checks.MEASUREMENTS),
            *(pa.field(name, WORD) for name in checks.WORDS),
        ],
    )


def column_table(found: pa.Schema, expected: pa.Schema) -> pd.DataFrame:
    """Make a row for each column that exists or should: id (its name), type, expected."""
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
