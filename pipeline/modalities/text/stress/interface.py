"""The names of modalities/protocols/stress.py, for texts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.modalities.protocols.encode import Inputs
from pipeline.modalities.text.stress.settings import EvaluateFields

VARIANTS: Sequence[tuple[str, int]] = ()
SLICED_BY = ("chars", "urls", "digits")


def num_examples(settings: EvaluateFields) -> int:
    return settings.corrupted_examples


def corrupt(inputs: Inputs, keys: Keys, name: str, strength: int) -> Inputs:
    return inputs


def slice_values(table: Any) -> Mapping[str, NDArray[np.floating]]:
    return {name: np.asarray(table[name], np.float64) for name in SLICED_BY}
