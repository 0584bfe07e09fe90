"""`trees`: boosted trees, fitted by scikit-learn (boosting.py), evaluated here from arrays.

Nodes of all trees are in tensors of one size, so that a model is a safetensors file like any
other, never a pickle. A node compares one number with a threshold, or looks up one category in a
set; each node has a branch for missing or unknown values.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch
from pipeline.modalities.tables.modules.boosting import (
    MAX_CATEGORIES,
    MAX_NODES,
    MAX_TREES,
    FittedTrees,
    fit_trees,
)
from pipeline.modalities.tables.modules.inputs import CATEGORIES, FIRST_VALUE, NUMBERS, Codes
from pipeline.modalities.tables.modules.leaves import WORD, Leaves, Nodes
from pipeline.modalities.tables.modules.rows import Losses, read_rows

SETS = -(-MAX_CATEGORIES // WORD)
BLOCKS = 16
"""Number of parts over which trees are summed for `embed`."""


class Trees(nn.Module):
    """T trees of up to M nodes for each of R sums, from which K outputs follow."""

    feature: Tensor
    threshold: Tensor
    left: Tensor
    right: Tensor
    missing_left: Tensor
    value: Tensor
    sets: Tensor
    position: Tensor
    spread: Tensor
    base: Tensor
    size: Tensor

    def __init__(self, preparation: Preparation, outputs: int, settings: Any = None) -> None:
        """`settings` may have the loss of numbers, `loss` and `quantile`; default is squared."""
        super().__init__()
        self.loss = getattr(settings, "loss", "squared")
        self.quantile = getattr(settings, "quantile", 0.5)
        self.num_numbers = len(preparation[NUMBERS])
        self.codes = Codes(preparation)
        num_values = [len(category["values"]) for category in preparation[CATEGORIES]]
        self.order = sorted(range(len(num_values)), key=lambda k: num_values[k] > MAX_CATEGORIES)
        """Columns of categories, first those that scikit-learn takes as such, as it requires."""
        self.num_sets = sum(num <= MAX_CATEGORIES for num in num_values)
        self.num_values = [num_values[column] for column in self.order[: self.num_sets]]
        self.sums = outputs if outputs > 2 else 1
        shape = (MAX_TREES * self.sums, MAX_NODES)
        whole = {"feature": torch.int16, "left": torch.int16, "right": torch.int16}
        for name, kind in (whole | {"missing_left": torch.bool}).items():
            self.register_buffer(name, torch.zeros(shape, dtype=kind))
        for name in ("threshold", "value"):
            self.register_buffer(name, torch.zeros(shape))
        in_set = (*shape, SETS) if self.num_sets else (0, 0, SETS)
        self.register_buffer("sets", torch.zeros(in_set, dtype=torch.int32))
        position = torch.full((self.codes.total,), -1, dtype=torch.int32)
        self.register_buffer("position", position)  # number of each value among those in train
        self.register_buffer("spread", torch.zeros(self.sums, outputs))
        self.register_buffer("base", torch.zeros(outputs))
        self.register_buffer("size", torch.zeros(2, dtype=torch.int64))  # trees, depth
        self.leaves = Leaves()
        self.register_load_state_dict_post_hook(_prepare)  # type: ignore[no-untyped-call]

    @property
    def rows_at_once(self) -> int:
        return self.leaves.rows_at_once

    def fit(self, reader: Any, losses: Losses, seed: int) -> None:
        """Fit by scikit-learn's boosting on the CPU, with the best settings on validation."""
        train, val = read_rows(reader, "train"), read_rows(reader, "val")
        self._number_values(train.inputs)
        fitted = fit_trees(
            self.columns(train.inputs).numpy(),
            train,
            self.columns(val.inputs).numpy(),
            val,
            losses,
            seed=seed,
            loss=self.loss,
            quantile=self.quantile,
            num_sets=self.num_sets,
            num_outputs=len(self.base),
        )
        self.take(fitted)

    def _number_values(self, inputs: Batch) -> None:
        """Number the values in train, from 0 on in each column."""
        if not self.codes.width:
            return
        codes = self.codes(inputs[CATEGORIES])
        self.position.fill_(-1)
        for place, first in enumerate(self.codes.first.tolist()):
            known = torch.unique(codes[:, place])
            known = known[known >= first + FIRST_VALUE]
            self.position[known] = torch.arange(len(known), dtype=torch.int32)

    def take(self, fitted: FittedTrees) -> None:
        """Fill the tensors from trees of scikit-learn."""
        with torch.no_grad():
            for number, nodes in enumerate(fitted.trees):
                self._fill(number, nodes)
            self.spread.copy_(torch.from_numpy(fitted.spread))
            self.base.copy_(torch.from_numpy(fitted.base))
            self.size.copy_(torch.tensor([len(fitted.trees), fitted.depth]))
        _prepare(self, None)

    def _fill(self, number: int, nodes: dict[str, np.ndarray]) -> None:
        num = len(nodes["value"])
        for name in ("feature", "left", "right", "missing_left", "threshold", "value"):
            tensor = getattr(self, name)
            tensor[number, :num] = torch.from_numpy(nodes[name]).to(tensor.dtype)
        if self.num_sets:
            self.sets[number, :num] = torch.from_numpy(nodes["sets"])

    def embed(self, inputs: Batch) -> Tensor:
        """Sums over parts of the trees, `(N, BLOCKS * R)`."""
        values = self.leaves(self.columns(inputs))
        width = BLOCKS * self.sums
        if not values.shape[1]:  # of one label alone; onnxruntime cannot reshape nothing
            return torch.zeros(values.shape[0], width, device=values.device)
        values = nn.functional.pad(values, (0, -values.shape[1] % width))
        return values.view(values.shape[0], values.shape[1] // width, width).sum(1)

    def read_out(self, embeddings: Tensor) -> Tensor:
        total = embeddings.view(embeddings.shape[0], BLOCKS, self.sums).sum(1)
        outputs: Tensor = total @ self.spread + self.base
        return outputs

    def forward(self, inputs: Batch) -> Tensor:
        return self.read_out(self.embed(inputs))

    def columns(self, inputs: Batch) -> Tensor:
        """Categories, in `order`, as numbers of their values, then numbers, `(N, m + n)`; NaN if a
        value is missing or not in train."""
        parts = []
        if self.codes.width:
            numbers = self.position[self.codes(inputs[CATEGORIES])].float()[:, self.order]
            parts.append(torch.where(numbers < 0, torch.nan, numbers))
        if self.num_numbers:
            parts.append(inputs[NUMBERS].float())
        return torch.cat(parts, 1)


def _prepare(trees: Trees, _incompatible_keys: object) -> None:
    num = int(trees.size[0])
    nodes = Nodes(*(getattr(trees, name)[:num].cpu().numpy() for name in Nodes._fields))
    trees.leaves.take(nodes, trees.num_values, len(trees.order) + trees.num_numbers)
