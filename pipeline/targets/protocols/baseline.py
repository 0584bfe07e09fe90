"""What a target has for train and evaluate: baselines, which every model is compared with."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Float64
from pipeline.targets.protocols.labels import TargetIndex

Arrays = Mapping[str, NDArray]
"""What a baseline has learnt, by name."""


class Past(NamedTuple):
    """What was known of earlier labels when each of N examples was asked about; NaN for nothing.

    Of the same group, where there are groups, and with a horizon that had passed.
    """

    last: Float64
    """The label before, `(N,)`."""
    mean_5: Float64
    """Mean of the last five, `(N,)`."""
    mean_22: Float64
    """Mean of the last twenty-two, `(N,)`."""
    ewma: Float64
    """Mean of all, each weighted 0.94 times as much as the one after it, `(N,)`."""


class BaselineInputs(NamedTuple):
    """What a baseline sees of N examples."""

    features: Any
    """`(N, F)`, all finite: an array, or a sparse matrix of SciPy where most are 0."""
    past: Past | None
    """None where examples have no time."""
    inputs: Mapping[str, NDArray] | None = None
    """Columns of shards, `(N, ...)` each, where the target has WHOLE; features have no columns."""


class Baseline(Protocol):
    """The names of `targets/<name>/baseline/interface.py`; no torch there.

    A target whose baselines take all training examples and their inputs, rather than features of a
    sample, has `WHOLE = True` there; they know of no past.
    """

    def fit(
        self,
        index: TargetIndex,
        train: BaselineInputs,
        y: NDArray,
        weights: NDArray[np.floating],
        val: BaselineInputs,
        val_y: NDArray,
    ) -> Mapping[str, Arrays]:
        """Baselines by name, fitted to train; val chooses how much a linear one is held back.

        Args:
            y: as shards have it, `(N,)`; `val_y` likewise.
        """
        ...

    def answer(self, name: str, arrays: Arrays, known: BaselineInputs) -> Float32:
        """Outputs of a baseline as those of a network, `(N, K)`."""
        ...
