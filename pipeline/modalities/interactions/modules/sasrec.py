"""SASRec: self-attention over the latest items (Kang & McAuley 2018, arXiv 1808.09781).

Trained by the full cross entropy over all items, which matters more than what is attended to
(Klenitskiy & Vasilev 2023, arXiv 2309.07602). A user is a sequence; each place of it predicts the
next item.
"""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.modalities.interactions.modules.choosing import ndcg
from pipeline.modalities.interactions.modules.cold import SHARE
from pipeline.modalities.interactions.modules.ranker import Events, Ranker
from pipeline.modalities.protocols.encode import Preparation

LENGTH, HEADS, BLOCKS, DROPOUT = 50, 2, 2, 0.3
EPOCHS, PATIENCE, EVERY, USERS_AT_ONCE = 32, 2, 4, 128
LEARNING_RATE = 1e-3
NOTHING = -1e4


class Block(nn.Module):
    """Attention to what came before, then a small network for each place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.before, self.within = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.hidden, self.back = nn.Linear(width, width), nn.Linear(width, width)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, places: Tensor, hides: Tensor) -> Tensor:
        """Attend over places `(N, L, W)`; `hides` is added to attention, `(N, 1, L, L)`."""
        num, length, width = places.shape
        parts = self.queries(self.before(places)).view(num, length, 3, HEADS, width // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        weights = query @ key.transpose(2, 3) / (width // HEADS) ** 0.5 + hides
        seen = self.drop(weights.softmax(3)) @ value
        places = places + self.drop(self.out(seen.transpose(1, 2).reshape(num, length, width)))
        moved = self.back(self.drop(F.relu(self.hidden(self.within(places)))))
        result: Tensor = places + self.drop(moved)
        return result


class SequenceRanker(Ranker):
    def __init__(self, preparation: Preparation, outputs: int, width: int) -> None:
        super().__init__(preparation, outputs)
        width = HEADS * -(-width // HEADS)  # up to a multiple, since heads share it evenly
        self.items = nn.Embedding(self.num_items + 1, width, padding_idx=0)
        self.places = nn.Embedding(LENGTH, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(BLOCKS))
        self.last = nn.LayerNorm(width)
        self.drop = nn.Dropout(DROPOUT)
        nn.init.normal_(self.items.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)
        with torch.no_grad():
            self.items.weight[0] = 0

    def learn(self, train: Events, val: Events, seed: int) -> None:
        """Learn by Adam; every EVERY epochs validation says whether the network is better."""
        sequences = latest(train)
        if not len(sequences):
            return
        random = np.random.default_rng(seed)
        optimizer = torch.optim.Adam(self.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98))
        best, kept, worse = -1.0, copy.deepcopy(self.state_dict()), 0
        with torch.enable_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            for epoch in range(EPOCHS):
                self.train()
                for start in range(0, len(sequences), USERS_AT_ONCE):
                    if start == 0:
                        order = random.permutation(len(sequences))
                    some = torch.from_numpy(sequences[order[start : start + USERS_AT_ONCE]])
                    loss = self._loss(some)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                if (epoch + 1) % EVERY:
                    continue
                self.eval()
                with torch.no_grad():
                    found = ndcg(self, val)
                if found > best:
                    best, kept, worse = found, copy.deepcopy(self.state_dict()), 0
                else:
                    worse += 1
                if worse >= PATIENCE:
                    break
        self.load_state_dict(kept)
        self.eval()

    def _loss(self, sequences: Tensor) -> Tensor:
        """Cross entropy of the item after each place, of sequences `(N, L + 1)` of codes plus 1."""
        given, wanted = sequences[:, :-1], sequences[:, 1:]
        is_asked = (given > 0) & (wanted > 0)
        states = self.states(given)[is_asked]
        logits = states @ self.items.weight[1:].T
        return F.cross_entropy(logits, wanted[is_asked] - 1)

    def states(self, codes: Tensor) -> Tensor:
        """States of sequences with their padding in front, `(N, L, W)`."""
        length = codes.shape[1]
        places = torch.arange(length, device=codes.device)
        hidden = self.items(codes) * self.items.weight.shape[1] ** 0.5 + self.places(places)
        hidden = self.drop(hidden) * (codes > 0).float()[:, :, None]
        is_later = (places[None, :] > places[:, None]).float()
        is_blank = (codes == 0).float()[:, None, None, :]
        hides = NOTHING * torch.maximum(is_later[None, None], is_blank)
        for block in self.blocks:
            hidden = block(hidden, hides)
        result: Tensor = self.last(hidden)
        return result

    def take_in(self, cold: Tensor, near: Tensor) -> None:
        self.items.weight[cold + 1] = SHARE * self.items.weight[near + 1].mean(1)

    def scores(self, codes: Tensor) -> Tensor:
        state = self.states(newest(codes, LENGTH))[:, -1]
        return state @ self.items.weight[1:].T


def newest(codes: Tensor, length: int) -> Tensor:
    """The last codes of each row that are not 0, at its end, `(N, length)`; 0 before them."""
    is_there = (codes > 0).long()
    from_end = is_there.flip(1).cumsum(1).flip(1)
    place = (length - from_end) * is_there
    fits = is_there * (from_end <= length).long()
    target = torch.where(fits > 0, place, length)
    room = torch.zeros(codes.shape[0], length + 1, dtype=codes.dtype, device=codes.device)
    return room.scatter(1, target, codes)[:, :length]


def latest(train: Events) -> np.ndarray:
    """Sequences of codes plus 1, `(N, LENGTH + 1)`, padded in front; long ones in pieces."""
    known = train.users > 0
    users, items = train.users[known], train.items[known] + 1
    order = np.argsort(users, kind="stable")
    _, begins, counts = np.unique(users[order], return_index=True, return_counts=True)
    sequences = []
    for begin, count in zip(begins.tolist(), counts.tolist(), strict=True):
        own = items[order[begin : begin + count]]
        for end in range(count, 1, -LENGTH):
            piece = own[max(0, end - LENGTH - 1) : end]
            sequences.append(np.pad(piece, (LENGTH + 1 - len(piece), 0)))
    return np.array(sequences, np.int64).reshape(-1, LENGTH + 1)
