"""Names of classes as a column of data/raw and data/clean."""

from collections.abc import Sequence

import pyarrow as pa

from pipeline.dataset.table import WORD, words
from pipeline.targets.protocols.labels import TargetIndex

COLUMN = "label"


def column_type() -> pa.DataType:
    return WORD


def column(labels: Sequence[str | None], index: TargetIndex) -> pa.Array:
    """Names of classes as words; null for others."""
    known = set(index["classes"])
    return words([label if label in known else None for label in labels], index["classes"])
