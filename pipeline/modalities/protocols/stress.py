"""The part of a modality for evaluate: slices by measurements, and corruptions of examples."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.modalities.protocols.encode import Inputs


class Stress(Protocol):
    """The names of `modalities/<name>/stress/interface.py`; no torch there."""

    VARIANTS: Sequence[tuple[str, int]]
    """Name and strength of each corruption; a strength is 1 or more. May be empty."""
    SLICED_BY: Sequence[str]
    """Columns of data/clean that `slice_values` reads."""

    def num_examples(self, settings: Any) -> int:
        """Number of test examples that are evaluated in each of VARIANTS too; `settings` is the
        section `evaluate`."""
        ...

    def corrupt(self, inputs: Inputs, keys: Keys, name: str, strength: int) -> Inputs:
        """Corrupt N examples of a shard by one of VARIANTS; pure.

        `keys` has the id key of each row, `(N,)`; a row of the result depends only on its own.
        """
        ...

    def slice_values(self, table: Any) -> Mapping[str, NDArray[np.floating]]:
        """Values whose tails are slices of the test split, `(N,)` each.

        `table` has N rows of SLICED_BY. TAILS of the modality's `show/` has words for each name.
        """
        ...
