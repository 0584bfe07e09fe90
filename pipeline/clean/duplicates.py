"""Duplicates and leaks: the rows that repeat others, those to remove, and clusters."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.findings import DUPLICATE, LEAK
from pipeline.modalities.pairs import Pairs

SPLIT_PRIORITY = {"test": 0, "val": 1, "train": 2}
"""Rank of splits: of equal examples in several, the one with the lowest number stays."""


@dataclass(frozen=True)
class Repetition:
    """A row that repeats another."""

    row: int
    of: int
    """The row it repeats."""
    kind: str
    """`exact` or `near`."""
    similarity: float
    """0 to 1; 1 where exact."""
    reason: str | None
    """Why to remove it, DUPLICATE or LEAK; None if it stays."""


@dataclass(frozen=True)
class Duplicates:
    """The duplicates among N rows."""

    repetitions: list[Repetition]
    """Repetitions in the order of rows, at most one for each."""
    clusters: NDArray[np.int64]
    """The representative of each row, `(N,)`; itself if it repeats none. Every row is an exact or
    near duplicate of its representative: clusters are not chains."""


def distinct_rows(
    digests: Sequence[str], splits: Sequence[str], ids: Sequence[str]
) -> NDArray[np.int64]:
    """The row that each row is an exact copy of, `(N,)`; itself for the first of equal ones.

    The first is one in test, else in val, else in train; within a split, the one of least id.
    """
    first: dict[str, int] = {}
    same_as = np.empty(len(ids), np.int64)
    for row in _in_order(splits, ids):
        same_as[row] = first.setdefault(digests[row], row)
    return same_as


def find_duplicates(
    same_as: NDArray[np.int64], near: Pairs, splits: Sequence[str], ids: Sequence[str]
) -> Duplicates:
    """Decide which rows stay.

    Exact copies go, except the first. Near duplicates go if they repeat a row that stays in a
    split before theirs (test, val, train): those are leaks. Near duplicates within a split stay,
    as a burst of photos is data. Test rows never go.

    Args:
        same_as: see `distinct_rows`.
        near: near duplicates among rows that are not copies.
    """
    order = _in_order(splits, ids)
    place = {row: position for position, row in enumerate(order)}
    partners: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for a, b, similarity in zip(*(values.tolist() for values in near), strict=True):
        before, after = sorted((a, b), key=place.__getitem__)
        partners[after].append((before, similarity))
    clusters = np.arange(len(ids))
    found: dict[int, Repetition] = {}
    for row in order:
        split, kept = splits[row], int(same_as[row])
        reason: str | None
        if kept != row:
            clusters[row] = clusters[kept]
            reason = DUPLICATE if splits[kept] == split else LEAK
            if split == "test":
                reason = None
            found[row] = Repetition(row, kept, "exact", 1.0, reason)
            continue
        staying = [
            (SPLIT_PRIORITY[splits[other]], -similarity, ids[other], other)
            for other, similarity in partners[row]
            if not (other in found and found[other].reason)
        ]
        if not staying:
            continue
        _, opposite, _, of = min(staying)
        representatives = [other for *_, other in sorted(staying) if clusters[other] == other]
        clusters[row] = representatives[0] if representatives else row
        reason = LEAK if splits[of] != split else None
        found[row] = Repetition(row, of, "near", -opposite, reason)
    return Duplicates([found[row] for row in sorted(found)], clusters)


def merge_owners(owners: Sequence[str], clusters: NDArray[np.int64]) -> list[str]:
    """Merge owners, so that rows of one cluster, and all rows of their owners, share one.

    For folds that keep near duplicates together. An owner is a group or an id; merged owners take
    the least of their names.
    """
    parents = {owner: owner for owner in owners}

    def root(owner: str) -> str:
        while parents[owner] != owner:
            parents[owner] = parents[parents[owner]]
            owner = parents[owner]
        return owner

    for row, representative in enumerate(clusters.tolist()):
        least, other = sorted((root(owners[row]), root(owners[representative])))
        parents[other] = least
    return [root(owner) for owner in owners]


def _in_order(splits: Sequence[str], ids: Sequence[str]) -> list[int]:
    return sorted(range(len(ids)), key=lambda row: (SPLIT_PRIORITY[splits[row]], ids[row]))
