"""The best items of a ranking as outputs of a network: their scores, their codes, what decided.

Of `W` columns the first third are scores, the best first; then the items that have these scores,
then the item of the history that counted most for each. A ranking of all items would be as wide as
there are items; the best TOP are all that metrics and people look at.

An item is written as its code plus 1, times CODE_UNIT; 0 stands for none. The unit is a power of
two, so that nothing is rounded, and so small that two items of nearly the same score, which another
machine may list the other way round, differ by less than rounding may.
"""

import numpy as np
from numpy.typing import NDArray

TOP = 100
PER_ITEM = 3  # columns: score, item, reason
CODE_UNIT = 2.0**-30
EARLIER, POPULARITY = "num_before", "num_of_item"
"""Measurements of an event: how many events of its user are known, and how many of its item are in
train; where there is none, the user or the item is cold."""


def width_of(num_items: int) -> int:
    """Columns of the outputs, where there are so many items."""
    return PER_ITEM * max(1, min(TOP, num_items))


def num_listed(width: int) -> int:
    """How many items outputs of that width list."""
    return width // PER_ITEM


def scores_in(outputs: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scores of the listed items, `(..., T)`."""
    return outputs[..., : num_listed(outputs.shape[-1])]


def items_in(outputs: NDArray[np.floating]) -> NDArray[np.int64]:
    """Codes of the listed items, the best first, `(..., T)`; -1 for none."""
    num = num_listed(outputs.shape[-1])
    return _codes(outputs[..., num : 2 * num])


def reasons_in(outputs: NDArray[np.floating]) -> NDArray[np.int64]:
    """The item that counted most for each listed one, `(..., T)`; -1 for none."""
    num = num_listed(outputs.shape[-1])
    return _codes(outputs[..., 2 * num : 3 * num])


def as_outputs(
    scores: NDArray[np.floating], items: NDArray[np.int64], width: int
) -> NDArray[np.float32]:
    """Outputs that list `items` `(N, T)`, -1 for none, without reasons, `(N, width)`."""
    outputs = np.zeros((len(items), width), np.float32)
    num = min(num_listed(width), items.shape[1])
    outputs[:, :num] = np.where(items >= 0, scores, 0)[:, :num]
    start = num_listed(width)
    outputs[:, start : start + num] = (items[:, :num] + 1) * CODE_UNIT
    return outputs


def _codes(values: NDArray[np.floating]) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = np.rint(np.asarray(values, np.float64) / CODE_UNIT).astype(np.int64)
    return np.maximum(codes - 1, -1)
