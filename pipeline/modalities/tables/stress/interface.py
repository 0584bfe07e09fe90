"""The names of modalities/protocols/stress.py, for tables: what if values are missing or new?"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.dataset.randomness import uniform
from pipeline.modalities.protocols.encode import Inputs
from pipeline.modalities.tables.stress.settings import EvaluateFields

NUMBERS, CATEGORIES = "numbers", "categories"  # input columns
GAPS, UNKNOWN = "missing values", "unknown categories"
SHARES = {1: 0.1, 2: 0.3, 3: 0.5}
"""Share of the values of a row, by strength."""
VARIANTS = [(name, strength) for name in (GAPS, UNKNOWN) for strength in SHARES]
SLICED_BY = ("missing",)


def num_examples(settings: EvaluateFields) -> int:
    return settings.corrupted_examples


def corrupt(inputs: Inputs, keys: Keys, name: str, strength: int) -> Inputs:
    """Remove some values of rows, or replace them by categories that train does not have."""
    share = SHARES[strength]
    corrupted = dict(inputs)
    if name == GAPS and (values := inputs.get(NUMBERS)) is not None:
        hit = _hit(values.shape[1], keys, "number", share)
        corrupted[NUMBERS] = np.where(hit, np.float32(np.nan), values)
    if (codes := inputs.get(CATEGORIES)) is not None:
        hit = _hit(codes.shape[1], keys, f"category {name}", share)
        corrupted[CATEGORIES] = np.where(hit, np.int32(name == GAPS), codes)
    return corrupted


def _hit(num: int, keys: Keys, purpose: str, share: float) -> NDArray[np.bool_]:
    """Mask of the values of N rows to corrupt, `(N, num)`."""
    draws = [uniform(keys, 0, f"{purpose} {column}") < share for column in range(num)]
    return np.stack(draws, axis=1)


def slice_values(table: Any) -> Mapping[str, NDArray[np.floating]]:
    return {"missing": np.asarray(table["missing"], np.float64)}
