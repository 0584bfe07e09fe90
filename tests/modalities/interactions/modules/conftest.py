"""The events of a world with known tastes, as networks read them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.modalities.interactions.encode.interface import encode
from tests.support.interactions import make_world


class Shards:
    """What a network reads: the last two events of each user are val and test."""

    def __init__(self, world) -> None:
        self.world = world
        self.items = sorted(world.kind_of)
        self.users = sorted(world.taste_of)
        events = {user: [] for user in self.users}
        for user, item in zip(world.users, world.items, strict=True):
            events[user].append(item)
        self.train = [(u, i) for u in self.users for i in events[u][:-2]]
        self.val = [(u, events[u][-2]) for u in self.users]
        self.test = [(u, events[u][-1]) for u in self.users]
        counts = [len(events[u]) - 2 for u in self.users]
        self.preparation = {
            "users": self.users,
            "items": self.items,
            "width": 8,
            "num_events": sum(counts),
            "longest": max(counts),
        }

    def read_rows(self, split, copy):
        rows = getattr(self, split)
        contents = {"event": [json.dumps({"user": user}) for user, _ in rows]}
        codes = {item: code for code, item in enumerate(self.items)}
        y = np.array([codes[item] for _, item in rows], np.int32)
        return encode(contents, self.preparation), y, np.ones(len(rows), np.float32)

    def had(self, user: str) -> set[str]:
        return {item for own, item in self.train if own == user}


@pytest.fixture(scope="session")
def shards() -> Shards:
    return Shards(make_world(num_users=150, num_items=80))


@pytest.fixture
def settings():
    return SimpleNamespace(factors=16)
