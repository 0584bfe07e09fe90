"""What a modality has for clean: near duplicates, and what is unlike all other examples."""

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
    """The distance above which an example is none of the dataset."""

    def distances(self, columns: Mapping[str, NDArray[Any]]) -> Float64:
        """How unusual the measurements of each example are together, `(N,)`; NaN of too few.

        `columns` has NEEDED, each `(N,)`.
        """
        ...

    def load(self, folder: Path, index: Mapping[str, Any]) -> Any:
        """All N rows of an example table, in the form in which they are compared.

        Only the modality looks inside. Something neutral stands in for rows without content.

        Args:
            folder: data/raw.
            index: of this folder.
        """
        ...

    def tells_apart(self, loaded: Any) -> NDArray[np.bool_]:
        """Which rows say so much that one of the same content is of the same example, `(N,)`.

        Others may be the same by chance, and are no copies.
        """
        ...

    def find_pairs(
        self, loaded: Any, rows: Rows, ranks: Rows, progress: Progress
    ) -> tuple[Pairs | None, int]:
        """Find near duplicates; what may save time in the next run is kept (runtime/cache.py).

        Args:
            loaded: by `load`.
            rows: examples to compare, without exact copies; `(M,)`.
            ranks: splits, numbered; `(N,)`. Each is searched in itself and in those numbered lower.

        Returns:
            The pairs, or None where such examples cannot be compared, and how many of the examples
            the last run had searched.
        """
        ...
