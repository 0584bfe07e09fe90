"""What networks that rank items have in common: histories, and the list of the best new items.

See dataset/rankings/listed.py for what the outputs say.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.dataset.rankings.listed import CODE_UNIT, num_listed
from pipeline.modalities.interactions.encode.preparation import HISTORY, USER
from pipeline.modalities.interactions.modules.cold import find_cold
from pipeline.modalities.protocols.encode import Preparation

Batch = Mapping[str, Tensor]
Losses = Callable[[Tensor, Tensor], Tensor]
SEEN = -1e9
"""The score of an item that the user had."""
TIE = 1e-6
"""How much more the most popular item scores than the least, so that equals have an order."""
NUM_REASONS = 20  # of the listed items have one
VALUES_AT_ONCE = 30_000_000


class Events(NamedTuple):
    """N events of a split, in the order of time."""

    inputs: dict[str, NDArray]
    users: NDArray[np.int64]
    """Codes plus 1; 0 for a user that train does not have."""
    items: NDArray[np.int64]
    """Codes."""


def read_events(reader: Any, split: str, num_items: int) -> Events:
    """Read the events of a split whose items are known."""
    inputs, y, *_ = reader.read_rows(split, 0)
    known = np.flatnonzero(np.asarray(y) < num_items)
    some = {name: values[known] for name, values in inputs.items()}
    return Events(some, some[USER].astype(np.int64), np.asarray(y)[known].astype(np.int64))


class Ranker(nn.Module):
    """Ranks all items for a user by what the user had: in train, which it remembers, and since."""

    begins: Tensor
    remembered: Tensor
    popularity: Tensor

    leaves_out_seen = True
    """True, so that figures on train would say nothing."""

    def __init__(self, preparation: Preparation, outputs: int) -> None:
        super().__init__()
        self.num_items, self.width = len(preparation["items"]), outputs
        self._items, self._categories = preparation["items"], preparation.get("categories", {})
        self.num_listed = min(num_listed(outputs), self.num_items)
        self.longest = int(preparation["longest"])
        num_users, num_events = len(preparation["users"]), int(preparation["num_events"])
        self.register_buffer("begins", torch.zeros(num_users + 2, dtype=torch.int32))
        self.register_buffer("remembered", torch.zeros(num_events + 1, dtype=torch.int32))
        self.register_buffer("popularity", torch.zeros(self.num_items))
        length = self.longest + int(preparation["width"])
        self.rows_at_once = self.at_once(length)

    def at_once(self, length: int) -> int:
        """How many rows to answer at a time, with histories of that length."""
        values = length * NUM_REASONS + self.num_items
        return max(1, min(1000, VALUES_AT_ONCE // values))

    # What a kind of network has of its own

    def learn(self, train: Events, val: Events, seed: int) -> None:
        raise NotImplementedError

    def scores(self, codes: Tensor) -> Tensor:
        """Scores of all items `(N, items)`, by histories `(N, L)` of codes plus 1, or 0."""
        raise NotImplementedError

    def take_in(self, cold: Tensor, near: Tensor) -> None:
        """Score items that train does not have, `(C,)`, by some that it has, `(C, K)`."""

    def closeness(self, codes: Tensor, listed: Tensor) -> Tensor | None:
        """What each item of a history did for each of `listed` `(N, R)`, as `(N, L, R)`."""
        return None

    # What all have

    def fit(self, reader: Any, losses: Losses, seed: int) -> None:
        """See modalities/protocols/network.py; what is chosen, is by NDCG on validation."""
        train, val = (read_events(reader, split, self.num_items) for split in ("train", "val"))
        with torch.no_grad():
            self.remember(train)
            self.learn(train, val, seed)
            counts = np.bincount(train.items, minlength=self.num_items)
            cold = find_cold(self._items, self._categories, counts)
            if len(cold.items):
                self.take_in(*(torch.from_numpy(codes) for codes in cold))

    def remember(self, train: Events) -> None:
        """Keep the items of each user, and how popular items are."""
        users, items = pairs_of(train, self.num_items)
        room = len(self.remembered) - 1
        users, items = users[:room], items[:room]
        order = np.argsort(users, kind="stable")
        counts = np.bincount(users, minlength=len(self.begins) - 1)
        ends = np.concatenate([[0], np.cumsum(counts)])
        self.begins.copy_(torch.from_numpy(ends[: len(self.begins)].astype(np.int32)))
        self.remembered.zero_()
        self.remembered[: len(items)] = torch.from_numpy((items[order] + 1).astype(np.int32))
        frequency = np.bincount(train.items, minlength=self.num_items)
        by_frequency = np.argsort(-frequency, kind="stable")
        rank = np.empty(self.num_items, np.int64)
        rank[by_frequency] = np.arange(self.num_items)
        self.popularity.copy_(torch.from_numpy((1 - rank / self.num_items).astype(np.float32)))

    def histories(self, inputs: Batch) -> Tensor:
        """Codes plus 1 of all that each user had, `(N, L)`; 0 for none."""
        recent = inputs[HISTORY].long()
        if not self.longest:
            return recent
        user = inputs[USER].long()
        place = torch.arange(self.longest, device=recent.device)
        at = self.begins[user].long()[:, None] + place
        is_own = at < self.begins[user + 1].long()[:, None]
        is_known = is_own & (user > 0)[:, None]
        own = self.remembered[at.clamp(max=len(self.remembered) - 1)].long()
        return torch.cat([own * is_known.long(), recent], 1)

    def forward(self, inputs: Batch) -> Tensor:
        codes = self.histories(inputs)
        scores = self.scores(codes) + TIE * self.popularity
        seen = many_hot(codes, self.num_items)
        scores = scores * (1 - seen) + SEEN * seen
        best, listed = torch.topk(scores, self.num_listed, dim=1)
        is_new = (best > SEEN / 2).float()
        reasons = self._reasons(codes, listed)
        parts = [best * is_new, (listed + 1).float() * is_new * CODE_UNIT, reasons * is_new]
        room = num_listed(self.width) - self.num_listed
        padded = [F.pad(part, (0, room)) for part in parts]
        outputs = torch.cat(padded, 1)
        return F.pad(outputs, (0, self.width - outputs.shape[1]))

    def _reasons(self, codes: Tensor, listed: Tensor) -> Tensor:
        """The item that did most for each listed one, as the outputs have it, `(N, T)`."""
        num = min(NUM_REASONS, self.num_listed)
        did = self.closeness(codes, listed[:, :num])
        if did is None:
            return torch.zeros_like(listed, dtype=torch.float32)
        did = did + SEEN * (codes == 0).float()[:, :, None]
        most, which = did.max(1)
        reason = codes.gather(1, which).float() * (most > 0).float() * CODE_UNIT
        return F.pad(reason, (0, self.num_listed - num))


def many_hot(codes: Tensor, num_items: int) -> Tensor:
    """Whether each item is in each history, `(N, items)`, of codes plus 1."""
    found = torch.zeros(codes.shape[0], num_items + 1, device=codes.device)
    return found.scatter(1, codes, 1.0)[:, 1:]


def pairs_of(events: Events, num_items: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Users and items, each pair once, in the order of their first event."""
    pairs = events.users * num_items + events.items
    first = np.sort(np.unique(pairs, return_index=True)[1])
    return events.users[first], events.items[first]
