"""What a target has for ingest, augment: labels are read, indexed and encoded."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

TargetIndex = Mapping[str, Any]
"""What labels may be, as JSON, such as `{"classes": ["cat", "dog"]}`. It stands under `target` in
the indexes of data/raw, data/clean and data/shards, and in model.json."""

Times = Callable[[NDArray, int], NDArray[np.int64]]
"""How often each of N training examples stands in each copy of the shards, `(copies, N)`, by their
`y` and the number of copies; once in the first. Called for each run of examples in turn."""


class Labels(Protocol):
    """The names of `targets/<name>/labels/interface.py`; no torch there."""

    COLUMN: str
    """Of data/raw and data/clean: `label`."""

    def column_type(self) -> pa.DataType:
        """Type of COLUMN."""
        ...

    def num_outputs(self, index: TargetIndex) -> int:
        """Width of the last layer of a network."""
        ...

    def encode(self, values: pa.ChunkedArray, index: TargetIndex) -> NDArray:
        """Column `y` of a shard, `(N,)` or `(N, ...)`, of the values of COLUMN."""
        ...

    def balance(self, values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> Times:
        """How often training examples stand in copies, by the values of COLUMN of all of them.

        `settings` has what the target adds to the section `augment`.
        """
        ...
