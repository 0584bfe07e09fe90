"""Rows that are the same but for one column, where that is no chance.

Rows of few columns with few values are often alike without being of one person: they say too little
to tell. How much a row says is the sum of its columns' surprise, -log2 of how frequent its value
is. Two rows are of one example where what they share says more than 2 log2(N) + 10 bits: chance
alone would make such a pair in one of a thousand tables whose columns are independent. With c
columns, two rows that differ in one are the same in all of the
first or of the second half of them (the pigeonhole principle), so that only rows of one half are
compared.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64, Rows
from pipeline.modalities.pairs import Pairs
from pipeline.modalities.tables.compare.loading import LoadedRows

MARGIN_BITS = 10
MAX_LISTED = 50
"""Rows of one half that are compared with each other; of more, each with so many before it."""


def coded(loaded: LoadedRows) -> NDArray[np.int64]:
    """Values as numbers that are the same where the values are, `(N, F + C)`."""
    columns = [
        np.unique(np.nan_to_num(column, nan=np.inf), return_inverse=True)[1]
        for column in loaded.numbers.T
    ]
    columns += [column.astype(np.int64) for column in loaded.codes.T]
    return np.stack(columns, axis=1) if columns else np.zeros((len(loaded.numbers), 0), np.int64)


def surprise(codes: NDArray[np.int64]) -> Float64:
    """Bits of each value, `(N, F)`: -log2 of the share of rows that have it."""
    bits = np.zeros(codes.shape)
    for place, column in enumerate(codes.T):
        bits[:, place] = -np.log2(np.bincount(column)[column] / max(1, len(column)))
    return bits


def needed_bits(num_rows: int) -> float:
    """What two rows must share not to be alike by chance."""
    return 2 * math.log2(max(num_rows, 2)) + MARGIN_BITS


def telling(loaded: LoadedRows) -> NDArray[np.bool_]:
    """Rows that say so much that one with the same values is of the same example, `(N,)`."""
    bits: Float64 = surprise(coded(loaded)).sum(1)
    return np.asarray(bits > needed_bits(len(bits)))


def find_near(loaded: LoadedRows, rows: Rows, ranks: Rows) -> Pairs:
    """Pairs of `rows` that are the same but for one column; see modalities/protocols/compare.py."""
    codes = coded(loaded)
    bits = surprise(codes)
    width = codes.shape[1]
    if width < 2 or len(rows) < 2:
        return Pairs.none()
    least = needed_bits(len(codes))
    found: dict[tuple[int, int], float] = {}
    for half in (slice(0, width // 2), slice(width // 2, width)):
        for one, other in _alike(codes, rows, half):
            same = codes[one] == codes[other]
            num_different = width - int(same.sum())
            if num_different <= 1 and bits[one][same].sum() > least:
                pair = min(one, other), max(one, other)
                found[pair] = 1 - num_different / width
    pairs = sorted(found)
    if not pairs:
        return Pairs.none()
    first, second = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    return Pairs(first, second, np.array([found[pair] for pair in pairs], np.float32))


def _alike(codes: NDArray[np.int64], rows: Rows, half: slice) -> Iterator[tuple[int, int]]:
    """Pairs of rows that are the same in a part of the columns."""
    part = np.ascontiguousarray(codes[rows][:, half])
    _, groups = np.unique(part, axis=0, return_inverse=True)
    order = np.argsort(groups.ravel(), kind="stable")
    sorted_groups = groups.ravel()[order]
    for position in range(1, len(order)):
        for before in range(max(0, position - MAX_LISTED), position):
            if sorted_groups[before] == sorted_groups[position]:
                yield int(rows[order[before]]), int(rows[order[position]])
