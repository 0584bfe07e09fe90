"""Choosing settings of a network by how well it ranks for the users of validation."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.dataset.rankings.listed import items_in
from pipeline.modalities.interactions.encode.preparation import HISTORY, USER
from pipeline.modalities.interactions.modules.ranker import Events, Ranker

CUT = 10
MAX_USERS = 2_000


def best_of(network: Ranker, ways: Mapping[Any, Callable[[], None]], val: Events) -> Any:
    """Bring the network into the way that ranks best, of equals the first; which that is.

    Each of `ways` brings it there.
    """
    found = {}
    last = None
    if len(ways) > 1:
        for name, go in ways.items():
            go()
            last = name
            found[name] = ndcg(network, val)
    best = max(found, key=lambda name: found[name]) if found else next(iter(ways))
    if best != last:
        ways[best]()
    return best


def ndcg(network: Ranker, val: Events) -> float:
    """Mean over users of the NDCG at 10 (Järvelin & Kekäläinen 2002); 0 without any."""
    users, first = np.unique(val.users, return_index=True)
    users, first = users[users > 0], first[users > 0]  # of others nothing is known
    chosen = first[np.linspace(0, len(first) - 1, min(len(first), MAX_USERS)).astype(int)]
    if not len(users):
        return 0.0
    asked = {name: torch.from_numpy(val.inputs[name][chosen]) for name in (USER, HISTORY)}
    outputs = []
    for start in range(0, len(chosen), network.rows_at_once):
        some = slice(start, start + network.rows_at_once)
        outputs.append(network({name: values[some] for name, values in asked.items()}).numpy())
    listed = items_in(np.concatenate(outputs))[:, :CUT]
    return float(np.mean([_gain(row, wanted) for row, wanted in _by_user(val, chosen, listed)]))


def _by_user(
    val: Events, chosen: NDArray[np.int64], listed: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], set[int]]]:
    wanted: dict[int, set[int]] = {int(val.users[row]): set() for row in chosen}
    for user, item in zip(val.users.tolist(), val.items.tolist(), strict=True):
        if user in wanted:
            wanted[user].add(item)
    return [(row, wanted[int(val.users[at])]) for at, row in zip(chosen, listed, strict=True)]


def _gain(listed: NDArray[np.int64], wanted: set[int]) -> float:
    discounts = 1 / np.log2(np.arange(2, CUT + 2))
    hits = [item in wanted for item in listed.tolist()]
    ideal = discounts[: min(CUT, len(wanted))].sum()
    return float(discounts[: len(hits)][hits].sum() / max(ideal, 1e-12))
