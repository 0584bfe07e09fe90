"""The names of modalities/protocols/encode.py, for interactions: who, and what they had."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Keys
from pipeline.dataset.shards.column import ShardColumn
from pipeline.modalities.interactions.content.events import who_and_what
from pipeline.modalities.interactions.encode.preparation import (
    HISTORY,
    USER,
    code_of,
    problem_in,
)
from pipeline.modalities.protocols.encode import Inputs, Preparation

__all__ = ["problem_in"]

CONTENT = ("event",)
UNKNOWN = "nothing is known of this user: what is popular"


def columns(preparation: Preparation) -> list[ShardColumn]:
    return [
        ShardColumn(USER, "int32"),
        ShardColumn(HISTORY, "int32", (preparation["width"],)),
    ]


def encode(contents: Mapping[str, Sequence[Any]], preparation: Preparation) -> Inputs:
    users, items, width = (preparation[name] for name in ("users", "items", "width"))
    codes = np.zeros(len(contents["event"]), np.int32)
    histories = np.zeros((len(codes), width), np.int32)
    for place, event in enumerate(contents["event"]):
        user, history = who_and_what(event)
        codes[place] = code_of(user, users) if user else 0
        known = [code for id in history if (code := code_of(id, items))][-width:]
        histories[place, : len(known)] = known
    return {USER: codes, HISTORY: histories}


def is_known(inputs: Inputs) -> NDArray[np.bool_]:
    """See modalities/protocols/encode.py: train has the user, or items has one of
    the history."""
    found: NDArray[np.bool_] = (inputs[USER] > 0) | (inputs[HISTORY] > 0).any(1)
    return found


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    """An event is what it is."""
    return inputs
