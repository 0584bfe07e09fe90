"""Pairs of near duplicates, the result of every modality's search."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows

Progress = Callable[[int], AbstractContextManager[Any]]
"""Makes a progress bar for a number of examples."""


class Pairs(NamedTuple):
    """P pairs of near duplicates, each once, in the order of their rows; `(P,)` each."""

    first: Rows
    """Lesser row of the pair."""
    second: Rows
    """Greater row of the pair."""
    similarity: NDArray[np.float32]
    """Similarity as measured by the modality, at most 1."""

    @classmethod
    def none(cls) -> "Pairs":
        """No pairs."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
