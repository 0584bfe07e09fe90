"""The names of modalities/protocols/label_check.py, for interactions.

What somebody took is no label that could be wrong: recipes have `clean.folds: 0`, so that no
network is asked. Who asks for one all the same gets one that knows users.
"""

from typing import Any

import numpy as np
from torch import nn

from pipeline.dataset.arrays import Keys, Rows
from pipeline.modalities.interactions.label_check.user_network import UserNetwork
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.label_check import QuickRecipe


def fit(loaded: list[str], rows: Rows) -> Preparation:
    return {"users": sorted({loaded[row] for row in rows})}


def inputs(loaded: list[str], rows: Rows, preparation: Preparation) -> Inputs:
    codes = {user: code for code, user in enumerate(preparation["users"], 1)}
    return {"user": np.array([codes.get(loaded[row], 0) for row in rows], np.int32)}


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    return inputs


def num_views(settings: Any) -> int:
    return 1


def build(preparation: Preparation, outputs: int) -> nn.Module:
    return UserNetwork(len(preparation["users"]) + 1, outputs)


def recipe(num_trained_on: int, epochs: int) -> QuickRecipe:
    return QuickRecipe(
        optimizer="adamw",
        lr=0.01,
        batch_size=256,
        epochs=epochs,
        schedule="cosine",
        weight_decay=0.0,
    )


def gains_by_bf16(preparation: Preparation) -> bool:
    return False
