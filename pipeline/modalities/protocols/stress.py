"""What a modality has for evaluate: slices by measurements, and corruptions of examples."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.modalities.protocols.encode import Inputs


class Stress(Protocol):
    """The names of `modalities/<name>/stress/interface.py`; no torch there."""

    VARIANTS: Sequence[tuple[str, int]]
    """Name and strength of each corruption; a strength is 1 or more. Empty where there is none."""
    SLICED_BY: Sequence[str]
    """Columns of data/clean that `slice_values` reads."""

    def num_examples(self, settings: Any) -> int:
        """How many test examples are evaluated in each of VARIANTS too; `settings` is the section
        `evaluate`."""
        ...

    def corrupt(self, inputs: Inputs, keys: Keys, name: str, strength: int) -> Inputs:
        """N examples as a shard has them, in one of VARIANTS; pure.

        `keys` has the id key of each row, `(N,)`; a row of the result depends on its own alone.
        """
        ...

    def slice_values(self, table: Any) -> Mapping[str, NDArray[np.floating]]:
        """Values by whose tails a test split is sliced, `(N,)` each.

        `table` has N rows of SLICED_BY. TAILS of the modality's `show/` has words for each name.
        """
        ...
