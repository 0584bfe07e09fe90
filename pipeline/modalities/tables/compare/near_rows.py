"""Finds rows that are equal except in one column, more than by chance; see content/surprise.py.

Two rows that differ in one column are equal in all columns of the first or of the second half (the
pigeonhole principle), so that only rows with an equal half are compared.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows
from pipeline.modalities.pairs import Pairs
from pipeline.modalities.tables.compare.loading import LoadedRows
from pipeline.modalities.tables.content.surprise import coded, needed_bits, surprise

MAX_LISTED = 50
"""Rows with an equal half that are all compared; of more, each with this many before it."""


def codes_of(loaded: LoadedRows) -> NDArray[np.int64]:
    return coded(loaded.numbers, list(loaded.codes.T))


def find_near(loaded: LoadedRows, rows: Rows, ranks: Rows) -> Pairs:
    """Pairs of `rows` that are equal except in one column; see modalities/protocols/compare.py."""
    codes = codes_of(loaded)
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
    """Pairs of rows that are equal in a part of the columns."""
    part = np.ascontiguousarray(codes[rows][:, half])
    _, groups = np.unique(part, axis=0, return_inverse=True)
    order = np.argsort(groups.ravel(), kind="stable")
    sorted_groups = groups.ravel()[order]
    for position in range(1, len(order)):
        for before in range(max(0, position - MAX_LISTED), position):
            if sorted_groups[before] == sorted_groups[position]:
                yield int(rows[order[before]]), int(rows[order[position]])
