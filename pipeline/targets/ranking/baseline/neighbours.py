"""Items that the same users had, and the users of each."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float32
from pipeline.dataset.rankings.listed import as_outputs

USER, HISTORY = "user", "history"
"""Input columns of events: codes plus 1 of who, and of items since train; 0 for none."""
NUM_NEIGHBOURS = 100
SHRINKAGE = 10.0  # users that two items share in addition, which counts against rare ones
ROWS_AT_ONCE = 2000


def histories(users: NDArray[np.int64], items: NDArray[np.int64]) -> dict[str, NDArray]:
    """`had`: items by user; `begins`: where those of each begin, user 0 having none."""
    order = np.argsort(users, kind="stable")
    counts = np.bincount(users, minlength=2)
    counts[0] = 0
    had = items[order][(users == 0).sum() :]
    return {"had": had, "begins": np.concatenate([[0], np.cumsum(counts)])}


def similarities(
    users: NDArray[np.int64], items: NDArray[np.int64], num_items: int
) -> dict[str, NDArray]:
    """The nearest items of each, as rows of a sparse matrix."""
    known = users > 0
    shape = (int(users.max(initial=0)) + 1, num_items)
    table = sparse.csr_array(
        (np.ones(known.sum(), np.float32), (users[known], items[known])), shape
    )
    table.sum_duplicates()
    table.data[:] = 1
    norms = np.sqrt(np.asarray(table.sum(0)).ravel())
    parts = []
    for start in range(0, num_items, ROWS_AT_ONCE):
        block = (table[:, start : start + ROWS_AT_ONCE].T @ table).tocsr()
        parts.append(_nearest(block, norms, start))
    whole = sparse.vstack(parts, format="csr")
    return {
        "data": whole.data.astype(np.float32),
        "indices": whole.indices.astype(np.int64),
        "indptr": whole.indptr.astype(np.int64),
    }


def _nearest(block: sparse.csr_array, norms: NDArray[np.floating], start: int) -> sparse.csr_array:
    rows, columns, values = [], [], []
    for row in range(block.shape[0]):
        begin, end = block.indptr[row : row + 2]
        others = block.indices[begin:end]
        near = block.data[begin:end] / (norms[start + row] * norms[others] + SHRINKAGE)
        near[others == start + row] = 0
        best = np.lexsort((others, -near))[:NUM_NEIGHBOURS]
        best = np.sort(best[near[best] > 0])
        rows.append(np.full(len(best), row))
        columns.append(others[best])
        values.append(near[best])
    return sparse.csr_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), block.shape
    )


def list_best(scores: NDArray, items: NDArray[np.int64], width: int) -> Float32:
    """See dataset/rankings/listed.py."""
    return as_outputs(scores, items, width)
