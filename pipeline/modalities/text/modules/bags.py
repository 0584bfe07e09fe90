"""Bags of n-grams as networks take them: each with its weight, by how rare it is in train."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from torch import Tensor, nn

from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Batch
from pipeline.runtime.errors import SettingsError

NGRAMS = "ngrams"
ROWS_AT_ONCE = 64
NOVELTY_SCALE = 10.0
"""Makes novelty vary as embeddings do, so that it is among the axes that `monitor` compares."""


class Bags(nn.Module):
    """The weight of each n-gram of a text: tf-idf, where an n-gram counts once.

    Words and pairs together have the length of one, and so have runs of characters, which are many
    more. An n-gram that train has not weighs nothing.
    """

    idf: Tensor

    def __init__(self, preparation: Preparation) -> None:
        """
        Raises:
            SettingsError: the shards have no such column.
        """
        super().__init__()
        if NGRAMS not in preparation:
            raise SettingsError(
                "this network takes the column ngrams, which the shards do not have",
                fix="add ngrams to augment.encodings in params.yaml",
            )
        self.buckets = int(preparation[NGRAMS]["buckets"])
        self.register_buffer("idf", torch.ones(self.buckets))

    def learn(self, ids: NDArray[np.int32]) -> None:
        """Take the frequencies of train: ln((1 + N) / (1 + n)) + 1, as scikit-learn has them."""
        counts = np.bincount(ids.ravel(), minlength=self.buckets)
        counts[0] = 0
        idf = np.log((1 + len(ids)) / (1 + counts)) + 1
        self.idf.copy_(torch.from_numpy(np.where(counts > 0, idf, 0.0)).float())

    def forward(self, inputs: Batch) -> tuple[Tensor, Tensor]:
        """Ids, int64, and their weights, both `(N, length)`."""
        ids = inputs[NGRAMS].long()
        known = (ids > 0) & (ids < self.buckets)
        ids = torch.where(known, ids, 0)
        weights = self.idf[ids] * known
        are_runs = ids >= self.buckets // 2
        squares = weights.square()
        total, of_runs = squares.sum(1, keepdim=True), (squares * are_runs).sum(1, keepdim=True)
        length = torch.where(are_runs, of_runs, total - of_runs).clamp(min=1e-12).sqrt()
        return ids, weights / length

    def novelty(self, inputs: Batch) -> Tensor:
        """The share of a text's n-grams that train has not, `(N, 1)`, times NOVELTY_SCALE."""
        ids = inputs[NGRAMS].long()
        there = (ids > 0) & (ids < self.buckets)
        is_new = there & (self.idf[torch.where(there, ids, 0)] == 0)
        share = is_new.sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp(min=1)
        return share * NOVELTY_SCALE


class Rows(NamedTuple):
    """N rows of shards as arrays."""

    ids: NDArray[np.int32]
    """`(N, length)`."""
    y: NDArray[Any]
    weights: NDArray[np.float32]


def read_rows(reader: Any, split: str) -> Rows:
    """The rows of a split, of a ShardReader; for train those of all copies, with the weights of one
    copy shared among them."""
    num = reader.copies if split == "train" else 1
    parts = [reader.read_rows(split, copy) for copy in range(num)]
    ids, y = np.concatenate([part[0][NGRAMS] for part in parts]), [part[1] for part in parts]
    weights = np.concatenate([part[2] for part in parts])
    return Rows(ids, np.concatenate(y), (weights / num).astype(np.float32))


def as_matrix(bags: Bags, ids: NDArray[np.int32]) -> sparse.csr_matrix:
    """The same as `forward`, sparse: `(N, buckets)`, float64."""
    idf = bags.idf.numpy().astype(np.float64)
    filled = ids > 0
    ends = np.concatenate([[0], np.cumsum(filled.sum(1))])
    places = ids[filled]
    values, are_runs = idf[places], places >= bags.buckets // 2
    row_of = np.repeat(np.arange(len(ids)), np.diff(ends))
    squares = np.bincount(2 * row_of + are_runs, values**2, 2 * len(ids))
    values /= np.sqrt(squares[2 * row_of + are_runs]).clip(1e-6)
    return sparse.csr_matrix((values, places, ends), shape=(len(ids), bags.buckets))
