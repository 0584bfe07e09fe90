"""Encodes numbers as the column `y` of shards, scaled by train."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.runtime.errors import SettingsError
from pipeline.targets.numbers.measures.scale import LOG, STANDARD, to_y
from pipeline.targets.protocols.labels import TargetIndex, Times


def fit(values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> TargetIndex:
    """Learn mean and standard deviation of the numbers, or only the mean of their logarithms: a
    step of 1 must stay a factor of e for the loss `qlike`.

    Raises:
        SettingsError: a logarithm of a number that is not positive.
    """
    numbers = np.asarray(values, np.float64)
    if settings.target_scale == LOG:
        if num := int((numbers <= 0).sum()):
            raise SettingsError(
                f"params.yaml: augment.target_scale is log, but {num} of {len(numbers)} numbers of "
                "train are not positive",
                fix="set augment.target_scale: standard",
            )
        return {"scale": LOG, "mean": float(np.log(numbers).mean()), "std": 1.0}
    # A constant has no deviation to scale to one.
    std = float(numbers.std()) or 1.0
    return {"scale": STANDARD, "mean": float(numbers.mean()), "std": std}


def encode(values: pa.ChunkedArray, index: TargetIndex) -> NDArray[np.float32]:
    """Convert numbers to the units of networks' outputs, `(N,)`."""
    return to_y(np.asarray(values, np.float64), index).astype(np.float32)


def num_outputs(index: TargetIndex) -> int:
    return 1


def balance(values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> Times:
    """Put each example once into each copy."""
    return lambda y, copies: np.ones((copies, len(y)), np.int64)
