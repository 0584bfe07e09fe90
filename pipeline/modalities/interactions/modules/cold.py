"""Items that nobody had in train, by those that are most like them in their categories."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

NUM_NEAR = 10
SHARE = 0.5
"""The share of its neighbours' mean score that an item gets of which only categories are known."""


class ColdItems(NamedTuple):
    """C items without an event, and the items most like each that have some."""

    items: NDArray[np.int64]
    near: NDArray[np.int64]
    """`(C, NUM_NEAR)`, or fewer where there are fewer."""


def find_cold(
    items: Sequence[str], categories: Mapping[str, Sequence[str]], counts: NDArray[np.int64]
) -> ColdItems:
    """Find neighbours by the cosine of categories; of equals the more frequent. Items without a
    category that another one has stay unknown.

    Args:
        counts: events of each item in train, `(items,)`.
    """
    warm = np.flatnonzero(counts > 0)
    cold = [code for code in np.flatnonzero(counts == 0).tolist() if categories.get(items[code])]
    none = ColdItems(np.zeros(0, np.int64), np.zeros((0, 0), np.int64))
    if not cold or not len(warm):
        return none
    named = sorted({word for own in categories.values() for word in own})
    words = {word: place for place, word in enumerate(named)}
    table = _table(items, categories, words)
    order = warm[np.argsort(-counts[warm], kind="stable")]
    found, near = [], []
    for code in cold:
        alike = np.asarray((table[[code]] @ table[order].T).todense()).ravel()
        best = np.argsort(-alike, kind="stable")[:NUM_NEAR]
        if alike[best[0]] > 0:
            found.append(code)
            near.append(order[best])
    return ColdItems(np.array(found, np.int64), np.array(near, np.int64)) if found else none


def _table(
    items: Sequence[str], categories: Mapping[str, Sequence[str]], words: Mapping[str, int]
) -> sparse.csr_array:
    """Whether each item has each category, in rows of length 1."""
    pairs = [(row, words[w]) for row, id in enumerate(items) for w in {*categories.get(id, ())}]
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    sizes = np.bincount(rows, minlength=len(items))
    values = 1 / np.sqrt(sizes[rows])
    return sparse.csr_array((values, (rows, columns)), (len(items), len(words)))
