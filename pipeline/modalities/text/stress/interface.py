"""The names of modalities/protocols/stress.py, for texts.

Mistakes are made in the texts (`corrupt_contents`), which are encoded again: of n-grams that are
hashed nobody knows what a typing mistake makes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.modalities.protocols.encode import Inputs
from pipeline.modalities.text.stress.corruptions import VARIANTS, corrupted
from pipeline.modalities.text.stress.settings import EvaluateFields

__all__ = ["VARIANTS", "corrupt", "corrupt_contents", "num_examples", "slice_values"]

SLICED_BY = ("chars", "urls", "digits")


def num_examples(settings: EvaluateFields) -> int:
    return settings.corrupted_examples


def corrupt(inputs: Inputs, keys: Keys, name: str, strength: int) -> Inputs:
    """Nothing: see `corrupt_contents`."""
    return inputs


def corrupt_contents(
    contents: Mapping[str, Sequence[Any]], keys: Keys, name: str, strength: int
) -> dict[str, list[Any]]:
    """N contents as data/clean has them, in one of VARIANTS; pure."""
    return {"text": corrupted(contents["text"], keys, name, strength)}


def slice_values(table: Any) -> Mapping[str, NDArray[np.floating]]:
    return {name: np.asarray(table[name], np.float64) for name in SLICED_BY}
