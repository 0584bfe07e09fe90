"""Nearest neighbours by cosine, exact: blocked matrix products with bounded memory.

Time grows with the product of queries and base rows; memory with their sum.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

QUERIES_AT_ONCE = 1024
BASE_AT_ONCE = 8192  # a block of products is 32 MB
DENSE = 0.01  # of a block's products; if more exceed `above`, finding the k-th best first is faster


class Neighbours(NamedTuple):
    """The k nearest of each of Q queries, the nearest first; equally near ones by row."""

    rows: NDArray[np.int64]
    """Rows of the base, `(Q, k)`; -1 for missing ones."""
    similarities: NDArray[np.float32]
    """Cosines, `(Q, k)`; -inf for missing ones."""


def unit(vectors: NDArray) -> NDArray[np.float32]:
    """Scale vectors `(N, D)` to length one; zero vectors stay zero."""
    floats: NDArray[np.float32] = vectors.astype(np.float32)
    length = np.linalg.norm(floats, axis=1, keepdims=True)
    floats /= np.where(length > 0, length, 1)
    return floats


def nearest(
    queries: NDArray,
    base: NDArray,
    k: int,
    *,
    selves: NDArray[np.int64] | None = None,
    above: float = -np.inf,
    scaled: bool = True,
    on_step: Callable[[int], object] = lambda num_queries: None,
) -> Neighbours:
    """Find the k rows of `base` with the largest cosine to each query.

    Args:
        queries: `(Q, D)`.
        base: `(N, D)`, of any floating type; only a block of it is copied at a time.
        selves: the row of each query in the base, which is not its neighbour; `(Q,)`.
        above: only neighbours with a larger cosine than this.
        scaled: scale vectors to length one. Otherwise products are used instead of cosines. With
            whole numbers and lengths below 2^12 they are exact, so they depend on the two vectors
            alone, not on blocks, threads or the machine.
        on_step: called with the number of queries done.
    """
    rows = np.full((len(queries), k), -1, np.int64)
    similarities = np.full((len(queries), k), -np.inf, np.float32)
    for first in range(0, len(queries), QUERIES_AT_ONCE):
        part = slice(first, first + QUERIES_AT_ONCE)
        best_rows, best = rows[part], similarities[part]
        block_of_queries = unit(queries[part]) if scaled else queries[part]
        for start in range(0, len(base), BASE_AT_ONCE):
            block = base[start : start + BASE_AT_ONCE]
            block = unit(block) if scaled else block
            products = block_of_queries @ block.T
            if selves is not None:
                own = selves[part] - start
                here = np.flatnonzero((own >= 0) & (own < len(block)))
                products[here, own[here]] = -np.inf
            _merge(best_rows, best, products, start, above)
        on_step(len(block_of_queries))
    return Neighbours(rows, similarities)


def _merge(
    best_rows: NDArray[np.int64],
    best: NDArray[np.float32],
    products: NDArray[np.float32],
    start: int,
    above: float,
) -> None:
    """Merge nearer rows into the k best of each query, in place."""
    k = best.shape[1]
    bound = np.maximum(best[:, -1], np.float32(above))
    touched = np.flatnonzero(products.max(1) > bound)  # few, after the first blocks
    if not len(touched):
        return
    if len(touched) < len(products):
        products, bound = products[touched], bound[touched]
    better = products > bound[:, None]
    if k < products.shape[1] and np.count_nonzero(better) > DENSE * better.size:
        kth = np.partition(products, -k, axis=1)[:, -k]
        better = (products >= kth[:, None]) & better
    places = np.flatnonzero(better)
    query, column = np.divmod(places, products.shape[1])
    query = np.concatenate([np.repeat(np.arange(len(touched)), k), query])
    rows = np.concatenate([best_rows[touched].ravel(), column + start])
    values = np.concatenate([best[touched].ravel(), products.ravel()[places]])
    order = np.lexsort((rows, -values, query))
    query, rows, values = query[order], rows[order], values[order]
    first = np.searchsorted(query, np.arange(len(touched)))
    chosen = (first[:, None] + np.arange(k)).ravel()
    best_rows[touched] = rows[chosen].reshape(-1, k)
    best[touched] = values[chosen].reshape(-1, k)
