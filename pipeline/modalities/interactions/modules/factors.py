"""Alternating least squares for implicit feedback (Hu, Koren & Volinsky 2008, "Collaborative
Filtering for Implicit Feedback Datasets"), with the weights of Rendle, Krichene, Zhang & Koren 2021
(arXiv 2110.14037): a pair that was seen counts 1, every pair `unseen` in addition, and a factor is
held back by `penalty` for each pair of its row.

Rows of about as many pairs are solved together, padded to the longest of them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BYTES_AT_ONCE = 64 << 20
GROWTH = 1.25
"""By how much the longest row of a bucket is longer than the shortest."""


class Strength(NamedTuple):
    """How much what was not seen counts, and how much factors are held back."""

    unseen: float
    penalty: float


class Bucket(NamedTuple):
    """B rows of at most L pairs."""

    rows: Tensor
    """`(B,)`."""
    others: Tensor
    """What they are paired with, plus 1, `(B, L)`; 0 for none."""
    counts: Tensor
    """`(B,)`."""


def buckets(rows: NDArray[np.int64], others: NDArray[np.int64], num_factors: int) -> list[Bucket]:
    """Pairs by their rows, in buckets of about one length."""
    order = np.argsort(rows, kind="stable")
    names, begins, counts = np.unique(rows[order], return_index=True, return_counts=True)
    sorted_others = others[order]
    by_length = np.argsort(counts, kind="stable")
    found = []
    for chosen in _cut(counts[by_length], num_factors):
        which = by_length[chosen]
        length = int(counts[which].max())
        place = begins[which][:, None] + np.arange(length)
        there = np.arange(length) < counts[which][:, None]
        padded = np.where(there, sorted_others[np.minimum(place, len(rows) - 1)] + 1, 0)
        found.append(
            Bucket(
                torch.from_numpy(names[which]),
                torch.from_numpy(padded),
                torch.from_numpy(counts[which].astype(np.float32)),
            )
        )
    return found


def _cut(counts: NDArray[np.int64], num_factors: int) -> Iterator[slice]:
    start = 0
    while start < len(counts):
        most = max(int(counts[start] * GROWTH), int(counts[start]) + 4)
        end = int(np.searchsorted(counts, most, side="right"))
        length = int(counts[min(end, len(counts)) - 1])
        room = max(1, BYTES_AT_ONCE // (4 * num_factors * max(length, num_factors)))
        end = min(end, start + room)
        yield slice(start, end)
        start = end


def solve(found: Tensor, fixed: Tensor, parts: list[Bucket], strength: Strength) -> None:
    """Fill factors `(N, F)` by those of the other side `(M, F)`; rows without a pair are 0."""
    padded = torch.cat([fixed.new_zeros(1, fixed.shape[1]), fixed])
    gram = strength.unseen * (fixed.T @ fixed)
    found.zero_()
    for rows, others, counts in parts:
        own = padded[others]
        normal = torch.baddbmm(gram.expand(len(rows), -1, -1), own.transpose(1, 2), own)
        held_back = strength.penalty * (counts + strength.unseen * len(fixed))
        normal.diagonal(dim1=1, dim2=2).add_(held_back[:, None])
        lower = torch.linalg.cholesky(normal)
        found[rows] = torch.cholesky_solve(own.sum(1)[:, :, None], lower)[:, :, 0]


def fold_in(own: Tensor, gram: Tensor, held_back: Tensor, num_steps: int) -> Tensor:
    """Factors of N rows by conjugate gradients, which a graph can do, `(N, F)`.

    Args:
        own: factors of what each row is paired with, `(N, L, F)`, zeros for none.
        gram: of all, weighted, `(F, F)`.
        held_back: `(N, 1)`.
    """
    normal = torch.bmm(own.transpose(1, 2), own) + gram
    target = own.sum(1)
    solution = torch.zeros_like(target)
    residual = direction = target
    size = (residual * residual).sum(1, keepdim=True)
    for _ in range(num_steps):
        applied = torch.bmm(normal, direction[:, :, None])[:, :, 0] + held_back * direction
        step = size / (direction * applied).sum(1, keepdim=True).clamp(min=1e-20)
        solution = solution + step * direction
        residual = residual - step * applied
        new_size = (residual * residual).sum(1, keepdim=True)
        direction = residual + new_size / size.clamp(min=1e-20) * direction
        size = new_size
    return solution
