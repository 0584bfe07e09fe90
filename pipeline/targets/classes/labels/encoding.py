"""Names of classes as numbers: column `y` of shards."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.targets.protocols.labels import TargetIndex


def num_outputs(index: TargetIndex) -> int:
    return len(index["classes"])


def encode(values: pa.ChunkedArray, index: TargetIndex) -> NDArray[np.int32]:
    """Class indices, `(N,)`."""
    codes = {name: code for code, name in enumerate(index["classes"])}
    return np.array([codes[name] for name in values.to_pylist()], np.int32)
