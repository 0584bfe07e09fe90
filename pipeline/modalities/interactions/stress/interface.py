"""The names of modalities/protocols/stress.py, for interactions: what if less is known?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.dataset.rankings.listed import EARLIER, POPULARITY
from pipeline.modalities.interactions.stress.settings import EvaluateFields
from pipeline.modalities.protocols.encode import Inputs

USER, HISTORY = "user", "history"  # input columns
FORGOTTEN = "the user is not known"
VARIANTS = [(FORGOTTEN, 1)]
SLICED_BY = (EARLIER, POPULARITY)


def num_examples(settings: EvaluateFields) -> int:
    return settings.corrupted_examples


def corrupt(inputs: Inputs, keys: Keys, name: str, strength: int) -> Inputs:
    """Answer for somebody new, of whom the latest items alone are known."""
    return {**inputs, USER: np.zeros_like(inputs[USER])}


def slice_values(table: Any) -> Mapping[str, NDArray[np.floating]]:
    return {name: np.asarray(table[name], np.float64) for name in SLICED_BY}
