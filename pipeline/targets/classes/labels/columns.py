"""Classes as a column of data/raw and data/clean, and as a column of shards."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.table import WORD, words
from pipeline.targets.protocols.labels import TargetIndex

COLUMN = "label"
UNLABELLED = -1


def column_type() -> pa.DataType:
    return WORD


def num_outputs(index: TargetIndex) -> int:
    return len(index["classes"])


def column(labels: Sequence[str | None], index: TargetIndex) -> pa.Array:
    """Names of classes as words; null for others."""
    known = set(index["classes"])
    return words([label if label in known else None for label in labels], index["classes"])


def encode(values: pa.ChunkedArray, index: TargetIndex) -> NDArray[np.int32]:
    """Indices into the classes, `(N,)`; UNLABELLED for null and for other names."""
    codes = pc.index_in(values.cast(pa.string()), pa.array(index["classes"], pa.string()))
    numbers: NDArray[np.int32] = codes.fill_null(UNLABELLED).to_numpy().astype(np.int32)
    return numbers
