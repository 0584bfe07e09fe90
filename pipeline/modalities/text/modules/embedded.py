"""`ngrams`: n-grams embedded, their weighted sum read out by a line (Joulin et al. 2017, fastText,
arXiv 1607.01759), with tf-idf as weights.

It fits itself by stochastic gradient descent without momentum, whose steps touch the n-grams of a
batch alone. Adam moves a rare n-gram by a whole step each time that it occurs, and is worse by ten
points (docs/decisions/text.md).
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch
from pipeline.modalities.text.modules.bags import ROWS_AT_ONCE, Bags, read_rows

Losses = Callable[[Tensor, Tensor], Tensor]

WIDTH = 64
BATCH = 32
LEARNING_RATE = 2.0
EPOCHS = 15
PATIENCE = 4


class Embedded(nn.Module):
    """A table of vectors, and a line."""

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        super().__init__()
        self.rows_at_once = ROWS_AT_ONCE
        self.bags = Bags(preparation)
        self.table = nn.Parameter(torch.empty(self.bags.buckets, WIDTH).uniform_(-1, 1) / WIDTH)
        self.head = nn.Linear(WIDTH, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def embed(self, inputs: Batch) -> Tensor:
        ids, weights = self.bags(inputs)
        embeddings: Tensor = torch.einsum("nld,nl->nd", self.table[ids], weights)
        return embeddings

    def novelty(self, inputs: Batch) -> Tensor:
        return self.bags.novelty(inputs)

    def read_out(self, embeddings: Tensor) -> Tensor:
        outputs: Tensor = self.head(embeddings)
        return outputs

    def forward(self, inputs: Batch) -> Tensor:
        return self.read_out(self.embed(inputs))

    def fit(self, reader: Any, losses: Losses, seed: int) -> None:
        """Keeps the epoch that is best on validation."""
        train, val = read_rows(reader, "train"), read_rows(reader, "val")
        self.bags.learn(train.ids)
        is_index = np.issubdtype(train.y.dtype, np.integer)
        y, y_val = (
            torch.from_numpy(rows.y).long() if is_index else torch.from_numpy(rows.y).float()
            for rows in (train, val)
        )
        shares = torch.from_numpy(train.weights).float()
        ids, ids_val = torch.from_numpy(train.ids), torch.from_numpy(val.ids)
        steps = -(-len(ids) // BATCH)
        best, least, since = copy.deepcopy(self.state_dict()), np.inf, 0
        for epoch in range(EPOCHS):
            order = torch.from_numpy(
                np.random.Generator(np.random.PCG64([seed, epoch])).permutation(len(ids))
            )
            for step in range(steps):
                some = order[step * BATCH : (step + 1) * BATCH]
                rate = LEARNING_RATE * (1 - (epoch * steps + step) / (EPOCHS * steps))
                self._step(ids[some], y[some], shares[some], losses, rate)
            loss = self._mean_loss(ids_val, y_val, losses)
            since += 1
            if loss < least:
                best, least, since = copy.deepcopy(self.state_dict()), loss, 0
            if since == PATIENCE:
                break
        self.load_state_dict(best)

    def _step(self, ids: Tensor, y: Tensor, shares: Tensor, losses: Losses, rate: float) -> None:
        with torch.no_grad():
            places, weights = self.bags({"ngrams": ids})
            used, own = places.unique(return_inverse=True)
            rows = self.table[used]
        rows.requires_grad_(True)
        summed = F.embedding_bag(own, rows, mode="sum", per_sample_weights=weights)
        each = losses(self.head(summed), y)
        loss = (each * shares).sum() / shares.sum().clamp(min=1e-6)
        gradients = torch.autograd.grad(loss, [rows, *self.head.parameters()])
        with torch.no_grad():
            self.table[used] = rows - rate * gradients[0]
            for parameter, gradient in zip(self.head.parameters(), gradients[1:], strict=True):
                parameter.sub_(rate * gradient)

    def _mean_loss(self, ids: Tensor, y: Tensor, losses: Losses) -> float:
        total = 0.0
        with torch.no_grad():
            for some, own in zip(ids.split(ROWS_AT_ONCE), y.split(ROWS_AT_ONCE), strict=True):
                places, weights = self.bags({"ngrams": some})
                summed = F.embedding_bag(places, self.table, mode="sum", per_sample_weights=weights)
                total += float(losses(self.head(summed), own).double().sum())
        return total / len(ids)
