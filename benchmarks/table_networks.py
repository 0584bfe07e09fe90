"""Networks for tables, trained as the stage train does, on rows in memory."""

import time
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from table_data import Splits, Table

from pipeline.dataset.shards.files import ShardRows
from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.modalities.tables.network.interface import build
from pipeline.targets.opening import open_loss
from pipeline.train.alone import fit_itself, fits_itself

CPU = Device("cpu", bf16=False)
RECIPE = {
    "optimizer": "adamw",
    "lr": 0.002,
    "batch_size": 128,
    "epochs": 60,
    "schedule": "cosine",
    "weight_decay": 0.03,
    "patience": 16,
}


def preparation_of(rows: pd.DataFrame) -> dict[str, Any]:
    """What modalities/tables/fit learns of training rows."""
    numbers, categories = [], []
    for name in rows.columns:
        if pd.api.types.is_numeric_dtype(rows[name]):
            there = rows[name].dropna().to_numpy(np.float64)
            edges = np.quantile(there, np.linspace(0, 1, 33), method="nearest")
            about = {"mean": float(there.mean()), "std": float(there.std()) or 1.0}
            numbers.append({"name": name, **about, "quantiles": np.unique(edges).tolist()})
        else:
            values = rows[name].dropna().value_counts().index.tolist()
            categories.append({"name": name, "values": values})
    return {"numbers": numbers, "categories": categories}


def encoded(rows: pd.DataFrame, preparation: dict[str, Any]) -> dict[str, NDArray]:
    """What modalities/tables/encode makes of rows."""
    inputs: dict[str, NDArray] = {}
    if names := [column["name"] for column in preparation["numbers"]]:
        inputs["numbers"] = rows[names].to_numpy(np.float32, copy=True)
    codes = []
    for column in preparation["categories"]:
        code = {value: 2 + place for place, value in enumerate(column["values"])}
        values = rows[column["name"]]
        codes.append([1 if pd.isna(value) else code.get(value, 0) for value in values])
    if codes:
        inputs["categories"] = np.array(codes, np.int32).T.copy()
    return inputs


class InMemoryReader:
    """What a ShardReader gives to a network that fits itself."""

    def __init__(self, table: Table, splits: Splits, y: NDArray) -> None:
        self.preparation = preparation_of(table.rows.iloc[splits.train])
        self._rows = {
            name: ShardRows(
                encoded(table.rows.iloc[where], self.preparation),
                y[where],
                np.ones(len(where), np.float32),
            )
            for name, where in splits._asdict().items()
        }

    def read_rows(self, split: str, copy: int) -> ShardRows:
        return self._rows[split]

    def num_examples(self, split: str) -> int:
        return len(self._rows[split].weights)


class Answered(NamedTuple):
    """Outputs of a network for validation and test."""

    val: NDArray
    test: NDArray
    losses: NDArray[np.float64]
    """Of validation."""
    seconds: float


def ours(
    name: str,
    reader: InMemoryReader,
    outputs: int,
    target: str,
    seed: int,
    changes: dict,
    losses_of: str = "squared",
) -> Answered:
    """Train a network as the stage train does, with the loss `losses_of` for numbers."""
    started = time.process_time()
    loss = open_loss(target)
    settings = SimpleNamespace(label_smoothing=0.0, loss=losses_of, quantile=0.5)
    torch.manual_seed(seed)
    network = build(name, reader.preparation, outputs, settings)
    if fits_itself(network):
        fit_itself(network, reader, loss, settings, CPU, seed)  # type: ignore[arg-type]
    else:
        train, val = (make_examples(*reader.read_rows(s, 0)) for s in ("train", "val"))
        recipe = Recipe(**{**RECIPE, **changes}, seed=seed)
        fit(network, recipe, lambda epoch: train, val, loss, CPU, settings=settings)
    val_outputs, test_outputs = (
        predict(network, reader.read_rows(split, 0).inputs, CPU) for split in ("val", "test")
    )
    seconds = time.process_time() - started
    y = make_examples(*reader.read_rows("val", 0)).y
    losses = loss.losses(torch.from_numpy(val_outputs), y, settings).double().numpy()
    return Answered(val_outputs, test_outputs, losses, seconds)
