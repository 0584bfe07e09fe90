"""The part of a modality for clean: near duplicates, and examples unlike all others.

An optional name: `WHOLE_GROUPS = True` says that groups are unusual, not examples. Then people see
one example of each such group, and their decision about it holds for the others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64, Rows
from pipeline.modalities.pairs import Pairs, Progress


class Compare(Protocol):
    """The names of `modalities/<name>/compare/interface.py`."""

    NEEDED: Sequence[str]
    """Measurements that `distances` takes."""
    UNUSUAL: float
    """The distance above which an example does not belong to the dataset."""

    def distances(self, columns: Mapping[str, NDArray[Any]]) -> Float64:
        """How unusual the measurements of each example are together, `(N,)`; NaN if N is too small.

        `columns` has NEEDED, each `(N,)`.
        """
        ...

    def load(self, folder: Path, index: Mapping[str, Any]) -> Any:
        """Load all N rows of an example table, in the form in which they are compared.

        Only the modality uses its fields. Rows without content get neutral values.

        Args:
            folder: data/raw.
            index: of this folder.
        """
        ...

    def tells_apart(self, loaded: Any) -> NDArray[np.bool_]:
        """Mask of the rows with so much information that equal ones are copies, `(N,)`.

        Others may be equal by chance.
        """
        ...

    def find_pairs(
        self, loaded: Any, rows: Rows, ranks: Rows, progress: Progress
    ) -> tuple[Pairs | None, int]:
        """Find near duplicates; may cache results for the next run (runtime/cache.py).

        Args:
            loaded: the result of `load`.
            rows: examples to compare, without exact copies; `(M,)`.
            ranks: splits, numbered; `(N,)`. Each is searched in itself and in those numbered lower.

        Returns:
            The pairs, or None if such examples cannot be compared, and the number of examples that
            the last run had searched.
        """
        ...
