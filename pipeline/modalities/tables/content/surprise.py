"""The information in a row, which tells whether equal rows are copies or equal by chance.

Rows of few columns with few values are often alike without being of one person. The information of
a row is the sum of its columns' surprise, -log2 of the probability that another row has the same
value. Two rows are copies if what they share has more than 2 log2(N) + 10 bits: chance alone would
make such a pair in one of a thousand tables whose columns are independent.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.modalities.tables.content.matrix import Matrix

MARGIN_BITS = 10


def coded(numbers: Float64, codes: Sequence[NDArray[np.integer]]) -> NDArray[np.int64]:
    """Code values as numbers that are equal if the values are, `(N, F + C)`.

    `numbers` are `(N, F)`, with NaN for missing; `codes` are those of each of C categories.
    """
    columns = [
        np.unique(np.nan_to_num(column, nan=np.inf), return_inverse=True)[1] for column in numbers.T
    ]
    columns += [column.astype(np.int64) for column in codes]
    return np.stack(columns, axis=1) if columns else np.zeros((len(numbers), 0), np.int64)


def coded_matrix(rows: Matrix) -> NDArray[np.int64]:
    """See `coded`."""
    codes = [np.unique(np.array(t, object), return_inverse=True)[1] for t in rows.texts]
    return coded(rows.numbers, codes)


def surprise(codes: NDArray[np.int64]) -> Float64:
    """Bits of each value, `(N, F)`: -log2 of the probability that another row has it too.

    That is its share among the others; for a value that at most one other has, by Good and Turing
    (1953): twice the number of values that occur twice, divided by that of those that occur once.
    So columns of mostly distinct values, such as measurements, have much information.
    """
    num = len(codes)
    bits = np.zeros(codes.shape)
    for place, column in enumerate(codes.T):
        counts = np.bincount(column)
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        seldom = min(1.0, 2 * (twice + 0.5) / max(once, 1)) / max(num, 1)
        others = counts[column] - 1
        bits[:, place] = -np.log2(np.where(others > 1, others / max(num, 1), seldom))
    return bits


def needed_bits(num_rows: int) -> float:
    """Bits that two rows must share not to be alike by chance."""
    return 2 * math.log2(max(num_rows, 2)) + MARGIN_BITS


def telling(codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask of the rows with so much information that equal ones are copies, `(N,)`."""
    return np.asarray(surprise(codes).sum(1) > needed_bits(len(codes)))
