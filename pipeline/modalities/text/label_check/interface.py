"""The names of modalities/protocols/label_check.py, for texts."""

from typing import Any

import pyarrow as pa
from torch import nn

from pipeline.dataset.arrays import Keys, Rows
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.label_check import QuickRecipe
from pipeline.modalities.text.compare.loading import LoadedTexts
from pipeline.modalities.text.encode.bags import NGRAMS, bags_of
from pipeline.modalities.text.fit.sizes import sizes_of
from pipeline.modalities.text.label_check.quick_line import QuickLine


def fit(loaded: LoadedTexts, rows: Rows) -> Preparation:
    table = pa.table({"text": pa.array([loaded.texts[row] for row in rows.tolist()], pa.string())})
    return {NGRAMS: sizes_of(lambda: [table])}


def inputs(loaded: LoadedTexts, rows: Rows, preparation: Preparation) -> Inputs:
    texts = [loaded.texts[row] for row in rows.tolist()]
    return {NGRAMS: bags_of(texts, preparation[NGRAMS])}


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    return inputs


def num_views(settings: Any) -> int:
    return 1


def build(preparation: Preparation, outputs: int) -> nn.Module:
    return QuickLine(preparation, outputs)


def recipe(num_trained_on: int, epochs: int) -> QuickRecipe:
    """It fits itself: none of this counts."""
    return QuickRecipe(
        optimizer="sgd",
        lr=0.1,
        batch_size=64,
        epochs=epochs,
        schedule="cosine",
        weight_decay=0.0,
    )


def gains_by_bf16(preparation: Preparation) -> bool:
    return False
