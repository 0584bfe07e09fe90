"""Majority votes over several people's labels."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.targets.protocols.labels import TargetIndex


def vote(rows: NDArray[Any], labels: pa.Array, num_examples: int, index: TargetIndex) -> pa.Array:
    """The class of most annotators for each example, the first of equal ones; see the protocol."""
    names = pa.array(index["classes"], pa.string())
    codes = pc.index_in(labels, names)
    won = majority_vote(rows, codes.to_numpy(zero_copy_only=False), num_examples, len(names))
    return pa.DictionaryArray.from_arrays(pa.array(won, pa.int32(), mask=won < 0), names)


def majority_vote(
    rows: NDArray[Any], labels: NDArray[Any], num_examples: int, num_classes: int
) -> NDArray[np.int64]:
    """The label of most annotators for each example, the first of equal ones; -1 for none.

    Args:
        rows: the example of each label, `(M,)`.
        labels: class indices, `(M,)`.
    """
    cells, first, votes = np.unique(
        rows.astype(np.int64) * num_classes + labels, return_index=True, return_counts=True
    )
    of_example = cells // num_classes
    order = np.lexsort((first, -votes, of_example))
    won = order[np.diff(of_example[order], prepend=-1) > 0]
    found = np.full(num_examples, -1, np.int64)
    found[of_example[won]] = cells[won] % num_classes
    return found
