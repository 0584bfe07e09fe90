"""`linear`: a linear model that fits itself, with the best penalty on validation."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch
from pipeline.modalities.tables.modules.inputs import FlatInputs
from pipeline.modalities.tables.modules.rows import FittedRows, Losses, mean_loss, read_rows

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 1e-4)
"""Half of it times the squared weights is added to the mean loss; tried from the strongest, each
from the weights of the one before."""
STEPS = 60
PATIENCE = 2
"""Consecutive penalties without a better validation before the search stops."""


class Linear(nn.Module):
    """A weighted sum of scaled numbers, whether each is missing, and each value of a category."""

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        super().__init__()
        self.inputs = FlatInputs(preparation)
        self.head = nn.Linear(self.inputs.width, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def embed(self, inputs: Batch) -> Tensor:
        flat: Tensor = self.inputs(inputs)
        return flat

    def read_out(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.head(embeddings)
        return outputs

    def forward(self, inputs: Batch) -> Tensor:
        return self.read_out(self.embed(inputs))

    def fit(self, reader: Any, losses: Losses, seed: int) -> None:
        """Fit all rows at once; nothing is random."""
        self.fit_rows(read_rows(reader, "train"), read_rows(reader, "val"), losses)

    def fit_rows(self, train: FittedRows, val: FittedRows, losses: Losses) -> None:
        best, least, since = copy.deepcopy(self.head.state_dict()), float("inf"), 0
        for penalty in PENALTIES:
            self.minimise(train, losses, penalty)
            loss = mean_loss(self, val, losses)
            since += 1
            if loss < least:
                best, least, since = copy.deepcopy(self.head.state_dict()), loss, 0
            if since == PATIENCE:
                break
        self.head.load_state_dict(best)

    def minimise(self, train: FittedRows, losses: Losses, penalty: float) -> None:
        """Minimise by limited-memory BFGS (Liu & Nocedal 1989) from the current weights."""
        optimizer = torch.optim.LBFGS(
            self.head.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe"
        )
        total = train.weights.sum().clamp(min=1e-6)

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = penalty / 2 * self.head.weight.square().sum()
            loss.backward()
            whole = loss.detach()
            for block in train.blocks():
                part = (losses(self(block.inputs), block.y) * block.weights).sum() / total
                part.backward()
                whole = whole + part.detach()
            return whole

        optimizer.step(closure)
