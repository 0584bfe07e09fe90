"""The names of modalities/protocols/encode.py, for tables: numbers, and codes of categories.

`numbers` are unchanged, NaN for missing; `categories` are 0 for a value that train lacks, 1 for
missing, and from 2 on the values in the order of the preparation.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.dataset.arrays import Keys
from pipeline.dataset.shards.column import ShardColumn
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.tables.content.matrix import codes_of, matrix_of
from pipeline.modalities.tables.content.rows import read_row
from pipeline.modalities.tables.encode.preparation import columns_in, problem_in

__all__ = ["columns", "encode", "problem_in", "vary"]

CONTENT = ("row",)
LARGEST = float(np.finfo(np.float32).max)


def columns(preparation: Preparation) -> list[ShardColumn]:
    kinds = (("numbers", "float32"), ("categories", "int32"))
    return [
        ShardColumn(name, kind, (len(preparation[name]),))
        for name, kind in kinds
        if preparation[name]
    ]


def encode(contents: Mapping[str, Sequence[Any]], preparation: Preparation) -> Inputs:
    rows = [read_row(text) for text in contents["row"]]
    found = matrix_of(rows, columns_in(preparation))
    inputs: Inputs = {}
    if preparation["numbers"]:
        inputs["numbers"] = np.clip(found.numbers, -LARGEST, LARGEST).astype(np.float32)
    if preparation["categories"]:
        codes = [
            codes_of(texts, category["values"])
            for texts, category in zip(found.texts, preparation["categories"], strict=True)
        ]
        inputs["categories"] = np.stack(codes, axis=1) if len(rows) else _no_codes(len(codes))
    return inputs


def _no_codes(num: int) -> np.ndarray:
    return np.zeros((0, num), np.int32)


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    """Return rows unchanged: no augmentation was found to help (docs/tables.md)."""
    return inputs
