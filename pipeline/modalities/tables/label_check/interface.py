"""The names of modalities/protocols/label_check.py, for tables."""

import math
from typing import Any

import numpy as np
from torch import nn

from pipeline.dataset.arrays import Keys, Rows
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.label_check import QuickRecipe
from pipeline.modalities.tables.compare.loading import LoadedRows
from pipeline.modalities.tables.label_check.row_network import RowNetwork

MIN_STEPS = 300
BATCH = 64


def fit(loaded: LoadedRows, rows: Rows) -> Preparation:
    """Learn mean and standard deviation of numbers, and the number of values of categories."""
    numbers = loaded.numbers[rows]
    there = np.isfinite(numbers)
    num = np.maximum(there.sum(0), 1)
    mean = np.where(there, numbers, 0).sum(0) / num
    std = np.sqrt(np.where(there, (numbers - mean) ** 2, 0).sum(0) / num)
    return {
        "mean": mean.tolist(),
        "std": np.where(std > 0, std, 1).tolist(),
        "num_values": [len(values) for values in loaded.values],
    }


def inputs(loaded: LoadedRows, rows: Rows, preparation: Preparation) -> Inputs:
    """Standardised numbers with 0 for missing, whether each is missing, and codes."""
    mean, std = np.array(preparation["mean"]), np.array(preparation["std"])
    numbers = loaded.numbers[rows]
    there = np.isfinite(numbers)
    scaled = np.clip(np.where(there, (np.where(there, numbers, 0) - mean) / std, 0), -8, 8)
    return {
        "numbers": np.concatenate([scaled, ~there], axis=1).astype(np.float32),
        "categories": loaded.codes[rows],
    }


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    return inputs


def num_views(settings: Any) -> int:
    return 1


def build(preparation: Preparation, outputs: int) -> nn.Module:
    return RowNetwork(2 * len(preparation["mean"]), preparation["num_values"], outputs)


def recipe(num_trained_on: int, epochs: int) -> QuickRecipe:
    """The recipe, with enough passes for MIN_STEPS."""
    steps = max(1, num_trained_on // BATCH)
    return QuickRecipe(
        optimizer="adamw",
        lr=0.003,
        batch_size=BATCH,
        epochs=max(epochs, math.ceil(MIN_STEPS / steps)),
        schedule="cosine",
        weight_decay=0.05,
    )


def gains_by_bf16(preparation: Preparation) -> bool:
    return False
