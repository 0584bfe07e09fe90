"""Items as vectors, and users by the vectors of what they had; see factors.py.

Users are no weights: a graph solves for the vector of whoever asks, by the whole history, so that
new users and new events need no training.
"""

from functools import partial
from itertools import product

import numpy as np
import torch
from torch import Tensor

from pipeline.modalities.interactions.modules.choosing import best_of
from pipeline.modalities.interactions.modules.cold import SHARE
from pipeline.modalities.interactions.modules.factors import (
    Strength,
    fold_in,
    improve,
    pairs_by_row,
)
from pipeline.modalities.interactions.modules.ranker import Events, Ranker, pairs_of
from pipeline.modalities.protocols.encode import Preparation

NUM_ROUNDS, STEPS_OF_ROUND = 8, 3
"""See docs/decisions/recommendation.md."""
ROUNDS = (NUM_ROUNDS // 2, NUM_ROUNDS)
"""Numbers of rounds that validation chooses from: fewer rounds hold factors back, too."""
NUM_STEPS = 24
"""Steps of conjugate gradients: enough for the vector that the factors were fitted to."""
STRENGTHS = tuple(
    Strength(unseen, penalty) for unseen in (0.1, 0.3, 1.0) for penalty in (0.003, 0.01)
)
USUAL = Strength(0.3, 0.01)
MAX_TRIED = 300_000
"""Pairs; of more, several trials would take minutes."""
SPREAD = 0.1  # of vectors at first, over the root of their length


class FactorRanker(Ranker):
    factors: Tensor
    gram: Tensor
    strength: Tensor

    def __init__(self, preparation: Preparation, outputs: int, num_factors: int) -> None:
        self.num_factors = num_factors
        super().__init__(preparation, outputs)
        self.register_buffer("factors", torch.zeros(self.num_items, num_factors))
        self.register_buffer("gram", torch.zeros(num_factors, num_factors))
        self.register_buffer("strength", torch.zeros(2))

    def at_once(self, length: int) -> int:
        return max(1, min(super().at_once(length), 20_000_000 // (length * self.num_factors)))

    def learn(self, train: Events, val: Events, seed: int) -> None:
        pairs = pairs_of(train, self.num_items)
        tried = [(USUAL, NUM_ROUNDS)]
        if len(pairs[0]) <= MAX_TRIED:
            tried = list(product(STRENGTHS, ROUNDS))
        ways = {way: partial(self.alternate, *pairs, way[0], seed, way[1]) for way in tried}
        best_of(self, ways, val)

    def alternate(
        self,
        users: np.ndarray,
        items: np.ndarray,
        strength: Strength,
        seed: int,
        num_rounds: int = NUM_ROUNDS,
    ) -> None:
        """Fill the factors of items, from pairs."""
        shape = int(users.max(initial=0)) + 1, self.num_items
        by_user = pairs_by_row(users, items, shape)
        by_item = pairs_by_row(items, users, shape[::-1])
        random = torch.Generator().manual_seed(seed)
        of_items = torch.randn(self.num_items, self.num_factors, generator=random)
        of_items *= SPREAD / self.num_factors**0.5
        of_users = torch.zeros(shape[0], self.num_factors)
        for _ in range(num_rounds):
            improve(of_users, of_items, by_user, strength, STEPS_OF_ROUND)
            improve(of_items, of_users, by_item, strength, STEPS_OF_ROUND)
        self.factors.copy_(of_items)
        self.gram.copy_(strength.unseen * (of_items.T @ of_items))
        self.strength.copy_(torch.tensor(strength))

    def take_in(self, cold: Tensor, near: Tensor) -> None:
        self.factors[cold] = SHARE * self.factors[near].mean(1)

    def vectors(self, codes: Tensor) -> Tensor:
        """Vectors of users by their histories, `(N, F)`."""
        is_there = (codes > 0).float()
        own = self.factors[(codes - 1).clamp(min=0)] * is_there[:, :, None]
        unseen, penalty = self.strength[0], self.strength[1]
        held_back = penalty * (is_there.sum(1, keepdim=True) + unseen * self.num_items)
        return fold_in(own, self.gram, held_back + 1e-9, NUM_STEPS)

    def scores(self, codes: Tensor) -> Tensor:
        return self.vectors(codes) @ self.factors.T

    def closeness(self, codes: Tensor, listed: Tensor) -> Tensor:
        """Products of vectors: an item did more the more it is like the listed one."""
        own = self.factors[(codes - 1).clamp(min=0)]
        return torch.bmm(own, self.factors[listed].transpose(1, 2))
