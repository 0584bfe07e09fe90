"""EASE: a linear model of items by items, in closed form (Steck 2019, arXiv 1905.03375).

With P the inverse of the items' co-occurrences, which has `penalty` on its diagonal, the weights
are -P / diag(P), and none of an item on itself. There is no seed.
"""

from functools import partial

import numpy as np
import torch
from scipy import sparse  # type: ignore[import-untyped]
from torch import Tensor

from pipeline.modalities.interactions.modules.choosing import best_of
from pipeline.modalities.interactions.modules.cold import SHARE
from pipeline.modalities.interactions.modules.ranker import (
    Events,
    Ranker,
    many_hot,
    pairs_of,
)
from pipeline.modalities.protocols.encode import Preparation

PENALTIES = (50.0, 100.0, 200.0, 400.0, 800.0)
USUAL = 400.0  # where trying several would take minutes
MAX_TRIED = 3_000  # items
MAX_DENSE = 4_000
"""Items up to which histories are written out and multiplied; beyond, rows of weights are added."""


class Ease(Ranker):
    weights: Tensor

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        super().__init__(preparation, outputs)
        self.register_buffer("weights", torch.zeros(self.num_items, self.num_items))

    def at_once(self, length: int) -> int:
        if self.num_items <= MAX_DENSE:
            return super().at_once(length)
        return max(1, min(1000, 50_000_000 // (length * self.num_items)))

    def learn(self, train: Events, val: Events, seed: int) -> None:
        together = co_occurrences(train, self.num_items, len(self.begins))
        tried = PENALTIES if self.num_items <= MAX_TRIED else (USUAL,)
        best_of(self, {penalty: partial(self.solve, together, penalty) for penalty in tried}, val)

    def solve(self, together: Tensor, penalty: float) -> None:
        """Fill the weights, from co-occurrences `(items, items)`."""
        num = self.num_items
        self.weights.copy_(together)
        self.weights.diagonal().add_(penalty)
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(self.weights))
        torch.div(inverse, -inverse.diagonal()[None, :].clone(), out=self.weights)
        self.weights.diagonal().zero_()
        assert self.weights.shape == (num, num)

    def take_in(self, cold: Tensor, near: Tensor) -> None:
        self.weights[:, cold] = SHARE * self.weights[:, near].mean(2)

    def scores(self, codes: Tensor) -> Tensor:
        if self.num_items <= MAX_DENSE:
            return many_hot(codes, self.num_items) @ self.weights
        own = self.weights[(codes - 1).clamp(min=0)]
        return (own * (codes > 0).float()[:, :, None]).sum(1)

    def closeness(self, codes: Tensor, listed: Tensor) -> Tensor:
        at = (codes - 1).clamp(min=0)[:, :, None] * self.num_items + listed[:, None, :]
        return self.weights.flatten()[at]


def co_occurrences(train: Events, num_items: int, num_users: int) -> Tensor:
    """How many users have both of two items, `(items, items)`."""
    users, items = pairs_of(train, num_items)
    ones = np.ones(len(users), np.float32)
    table = sparse.csr_array((ones, (users, items)), shape=(num_users, num_items))
    return torch.from_numpy((table.T @ table).toarray())
