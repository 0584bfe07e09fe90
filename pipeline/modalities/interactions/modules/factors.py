"""Alternating least squares for implicit feedback (Hu, Koren & Volinsky 2008, "Collaborative
Filtering for Implicit Feedback Datasets"), with the weights of Rendle, Krichene, Zhang & Koren 2021
(arXiv 2110.14037): a pair that was seen counts 1, every pair `unseen` in addition, and a factor is
held back by `penalty` for each pair of its row.

A few steps of conjugate gradients bring each side nearer to its solution, from where it was
(Takács, Pilászy & Tikk 2011, "Applications of the conjugate gradient method for implicit feedback
collaborative filtering"), so that no matrix of a row has to be made.
"""

import warnings
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TINY = 1e-20
"""Stands for a divisor of 0, which means that the solution is reached."""


class Strength(NamedTuple):
    """How much what was not seen counts, and how much factors are held back."""

    unseen: float
    penalty: float


class RowPairs(NamedTuple):
    """Pairs of N rows with M others."""

    table: Tensor
    """Sparse, by rows, `(N, M)`: 1 for a pair."""
    counts: Tensor
    """Number of pairs of each row, `(N,)`."""


def pairs_by_row(
    rows: NDArray[np.int64], others: NDArray[np.int64], shape: tuple[int, int]
) -> RowPairs:
    """Sort pairs by their rows; each pair must be there once."""
    order = np.lexsort((others, rows))
    counts = np.bincount(rows, minlength=shape[0])
    ends = torch.from_numpy(np.concatenate([[0], np.cumsum(counts)]))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        table = torch.sparse_csr_tensor(
            ends,
            torch.from_numpy(others[order]),
            torch.ones(len(order)),
            shape,
            check_invariants=True,
        )
    return RowPairs(table, torch.from_numpy(counts.astype(np.float32)))


def improve(
    factors: Tensor, fixed: Tensor, pairs: RowPairs, strength: Strength, num_steps: int
) -> None:
    """Bring factors `(N, F)`, in place, nearer to their solution for `fixed`, those of the other
    side, `(M, F)`; rows without a pair become 0."""
    gram = strength.unseen * (fixed.T @ fixed)
    held_back = strength.penalty * (pairs.counts + strength.unseen * len(fixed))[:, None]
    others = fixed.T.contiguous()

    def products(vectors: Tensor) -> Tensor:
        """Inner products of each row with the others that it is paired with."""
        sparse: Tensor = torch.sparse.sampled_addmm(pairs.table, vectors, others, beta=0.0)
        return sparse

    def applied(vectors: Tensor) -> Tensor:
        result: Tensor = products(vectors) @ fixed + vectors @ gram + held_back * vectors
        return result

    factors *= (pairs.counts > 0)[:, None]
    residual = pairs.table @ fixed - applied(factors)
    direction = residual
    size = (residual * residual).sum(1, keepdim=True)
    for step in range(num_steps):
        product = applied(direction)
        length = size / (direction * product).sum(1, keepdim=True).clamp(min=TINY)
        factors += length * direction
        if step == num_steps - 1:
            break
        residual = residual - length * product
        new_size = (residual * residual).sum(1, keepdim=True)
        direction = residual + new_size / size.clamp(min=TINY) * direction
        size = new_size


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
        step = size / (direction * applied).sum(1, keepdim=True).clamp(min=TINY)
        solution = solution + step * direction
        residual = residual - step * applied
        new_size = (residual * residual).sum(1, keepdim=True)
        direction = residual + new_size / size.clamp(min=TINY) * direction
        size = new_size
    return solution
