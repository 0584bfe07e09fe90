"""Which leaf of each tree a row reaches, without following a path: by bits.

QuickScorer (Lucchese et al. 2015, "QuickScorer: A Fast Algorithm to Rank Documents with Additive
Ensembles of Regression Trees"): leaves are bits, numbered from left to right. Each node that is
false takes the leaves on its left away, and the lowest bit that stays is the leaf. So all nodes
are compared at once, by operations that ONNX has; what a category takes away is known before.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

WORD = 32  # categories in one number of a set
ALL = -1  # all bits
MOST_ROWS, NODES_AT_ONCE = 1000, 1 << 19
"""Rows to answer at a time: fewer where nodes are many, for which a cache would be too small."""


class Nodes(NamedTuple):
    """The nodes of T trees, `(T, M)` each, as boosting.py makes them; a leaf leads to itself."""

    feature: NDArray
    threshold: NDArray
    left: NDArray
    right: NDArray
    missing_left: NDArray
    value: NDArray
    sets: NDArray
    """Categories for which a node goes left, as bits, `(T, M, words)`."""


class Leaves(nn.Module):
    """Gives the value of the leaf that a row reaches, for each of T trees of at most 31 leaves.

    Its tensors follow from the nodes: they are no part of a model's file.
    """

    column: Tensor
    """The column of each node that compares numbers, S to a tree, `(T, S)`."""
    limit: Tensor
    kept: Tensor
    """What stays where such a node is false, `(T, S, 1)`."""
    looked_up: Tensor
    """Columns of categories, `(U,)`."""
    absent: Tensor
    """The number that stands for a missing category of each, `(U,)`."""
    start: Tensor
    """The first row of each in `by_category`, `(U,)`."""
    by_category: Tensor
    """What stays of each tree with a category, `(C, T)`."""
    first: Tensor
    """Number of each tree's first leaf, `(T, 1)`."""
    value: Tensor
    """Of all leaves, tree by tree, from left to right."""

    def __init__(self) -> None:
        super().__init__()
        for name in Leaves.__annotations__:
            self.register_buffer(name, torch.zeros(0), persistent=False)
        self.num_trees = 0
        self.rows_at_once = MOST_ROWS

    def take(self, nodes: Nodes, num_values: Sequence[int], num_columns: int) -> None:
        """Make the tensors for these trees.

        Args:
            num_values: how many categories each of the first columns has.
            num_columns: columns of all rows, those of numbers included.
        """
        self.num_trees = len(nodes.feature)
        walks = [*map(_walk, nodes.left.tolist(), nodes.right.tolist())]
        compared, kept = _slots(nodes, [stay for _, stay in walks], len(num_values))
        tree = np.arange(self.num_trees)[:, None]
        # Columns are there twice: a missing value is below all others, then above them.
        above = ~nodes.missing_left[tree, compared].astype(bool)
        self._keep("column", nodes.feature[tree, compared].astype(np.int64) + above * num_columns)
        self._keep("limit", nodes.threshold[tree, compared][..., None])
        self._keep("kept", kept[..., None])

        tables = _tables(nodes, [stay for _, stay in walks], num_values)
        absent = np.array([num_values[column] for column in tables], np.int64)
        self._keep("looked_up", np.array([*tables], np.int64))
        self._keep("absent", absent)
        self._keep("start", np.cumsum([0, *absent + 1])[:-1])
        empty = np.zeros((0, self.num_trees), np.int32)
        self._keep("by_category", np.concatenate([empty, *tables.values()]))

        most = max((len(leaves) for leaves, _ in walks), default=1)
        value = np.zeros((self.num_trees, most), np.float32)
        for number, (leaves, _) in enumerate(walks):
            value[number, : len(leaves)] = nodes.value[number][leaves]
        self._keep("first", tree * most)
        self._keep("value", value.ravel())
        at_once = max(1, self.num_trees * max(compared.shape[1], len(tables)))
        self.rows_at_once = min(MOST_ROWS, max(1, NODES_AT_ONCE // at_once))

    def _keep(self, name: str, values: NDArray) -> None:
        device = getattr(self, name).device
        setattr(self, name, torch.from_numpy(np.ascontiguousarray(values)).to(device))

    def forward(self, rows: Tensor) -> Tensor:
        """Values `(N, T)` for rows `(N, F)`, float32, NaN where missing."""
        if not self.num_trees:
            return rows.new_zeros(rows.shape[0], 0)
        missing = torch.isnan(rows)
        stay = self.kept.new_full((self.num_trees, rows.shape[0]), ALL)
        if self.column.shape[1]:
            below, above = (rows.masked_fill(missing, end) for end in (-torch.inf, torch.inf))
            seen = torch.cat([below, above], 1).T[self.column]
            stay = stay & _all_of(torch.where(seen <= self.limit, ALL, self.kept))
        if len(self.looked_up):
            codes = torch.where(missing, 0.0, rows)[:, self.looked_up].long()
            codes = torch.where(missing[:, self.looked_up], self.absent, codes) + self.start
            stay = stay & _all_of(self.by_category[codes]).T
        leaf = (stay & -stay).float().log2().round().long()
        return torch.take(self.value, self.first + leaf).T.contiguous()


def _all_of(bits: Tensor) -> Tensor:
    """The bits that are in all S of `(A, S, B)`, `(A, B)`."""
    while (num := bits.shape[1]) > 1:
        half = num // 2
        both = bits[:, :half] & bits[:, half : 2 * half]
        bits = torch.cat([both, bits[:, 2 * half :]], 1) if num % 2 else both
    return bits[:, 0]


def _walk(left: list[int], right: list[int]) -> tuple[list[int], dict[int, int]]:
    """Leaves from left to right, and what stays where each other node is false, as bits."""
    leaves: list[int] = []
    stay: dict[int, int] = {}

    def leaves_below(node: int) -> int:
        if left[node] == node:
            leaves.append(node)
            return 1 << (len(leaves) - 1)
        on_left = leaves_below(left[node])
        stay[node] = ALL ^ on_left
        return on_left | leaves_below(right[node])

    leaves_below(0)
    return leaves, stay


def _slots(
    nodes: Nodes, stays: list[dict[int, int]], num_sets: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Nodes that compare numbers, and what stays where they are false, `(T, S)` both; a tree with
    fewer nodes has some that take nothing away."""
    chosen = [
        {node: bits for node, bits in stay.items() if nodes.feature[tree, node] >= num_sets}
        for tree, stay in enumerate(stays)
    ]
    most = max(map(len, chosen), default=0)
    node = np.zeros((len(chosen), most), np.int64)
    kept = np.full((len(chosen), most), ALL, np.int32)
    for tree, of_tree in enumerate(chosen):
        node[tree, : len(of_tree)] = list(of_tree)
        kept[tree, : len(of_tree)] = list(of_tree.values())
    return node, kept


def _tables(
    nodes: Nodes, stays: list[dict[int, int]], num_values: Sequence[int]
) -> dict[int, NDArray[np.int32]]:
    """What stays of each tree with each category of a column, `(V + 1, T)`; last that is missing.

    By column, without those that no node looks at.
    """
    tables: dict[int, NDArray[np.int32]] = {}
    sets = np.ascontiguousarray(nodes.sets, np.int32).view(np.uint32)
    for tree, stay in enumerate(stays):
        for node, bits in stay.items():
            column = int(nodes.feature[tree, node])
            if column >= len(num_values):
                continue
            category = np.arange(num_values[column])
            member = sets[tree, node, category // WORD] >> (category % WORD).astype(np.uint32) & 1
            goes_left = np.append(member.astype(bool), bool(nodes.missing_left[tree, node]))
            if column not in tables:
                tables[column] = np.full((len(goes_left), len(stays)), ALL, np.int32)
            tables[column][~goes_left, tree] &= bits
    return dict(sorted(tables.items()))
