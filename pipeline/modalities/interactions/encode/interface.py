"""The names of modalities/protocols/encode.py, for interactions: who, and what they had."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.dataset.arrays import Keys
from pipeline.dataset.shards.column import ShardColumn
from pipeline.modalities.interactions.content.events import items_of
from pipeline.modalities.interactions.encode.preparation import (
    HISTORY,
    USER,
    code_of,
    problem_in,
)
from pipeline.modalities.protocols.encode import Inputs, Preparation

__all__ = ["problem_in"]

CONTENT = ("user", "history")


def columns(preparation: Preparation) -> list[ShardColumn]:
    return [
        ShardColumn(USER, "int32"),
        ShardColumn(HISTORY, "int32", (preparation["width"],)),
    ]


def encode(contents: Mapping[str, Sequence[Any]], preparation: Preparation) -> Inputs:
    users, items, width = (preparation[name] for name in ("users", "items", "width"))
    codes = [code_of(user, users) if user else 0 for user in contents["user"]]
    histories = np.zeros((len(codes), width), np.int32)
    for row, text in zip(histories, contents["history"], strict=True):
        if not text:
            continue
        known = [code for id in items_of(text) if (code := code_of(id, items))][-width:]
        row[: len(known)] = known
    return {USER: np.array(codes, np.int32), HISTORY: histories}


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    """An event is what it is."""
    return inputs
