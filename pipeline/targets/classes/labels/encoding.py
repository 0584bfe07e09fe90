"""Names of classes as numbers: column `y` of shards."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.targets.protocols.labels import TargetIndex


def problem_in(index: Mapping[str, Any]) -> str | None:
    """Check that classes have different names."""
    classes = index.get("classes")
    if not isinstance(classes, list) or not classes:
        return f"classes should be a list of names, found {classes!r:.60}"
    if wrong := [name for name in classes if not isinstance(name, str) or not name]:
        return f"the name of a class should be a text, found {wrong[0]!r:.60}"
    if len(set(classes)) < len(classes):
        twice = next(name for number, name in enumerate(classes) if name in classes[:number])
        return f"two classes have the name {twice!r:.60}"
    return None


def num_outputs(index: TargetIndex) -> int:
    return len(index["classes"])


def fit(values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> TargetIndex:
    """Learn nothing: classes are known from the source."""
    return index


def encode(values: pa.ChunkedArray, index: TargetIndex) -> NDArray[np.int32]:
    """Class indices, `(N,)`."""
    codes = {name: code for code, name in enumerate(index["classes"])}
    return np.array([codes[name] for name in values.to_pylist()], np.int32)
