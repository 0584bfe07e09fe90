"""The table `decided`: parts of the content, such as words, that decided in the worst mistakes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.arrays import Float64
from pipeline.learning.contributions import without_parts

NUM_MISTAKES, NUM_PARTS = 50, 5

DECIDED = pa.schema([("id", pa.string()), ("part", pa.string()), ("for_it", pa.float64())])
"""A row for each part, the one that decided most first. `for_it` is how far the largest output
falls without the part, such as the probability of the predicted class."""

Contents = Mapping[str, Sequence[Any]]


def decided_table(
    answer: Callable[[Contents], Float64],
    parts_of: Callable[[Mapping[str, Any]], Sequence[tuple[str, Mapping[str, Any]]]],
    ids: Sequence[str],
    contents: Contents,
    mistakes: pa.Table,
) -> pa.Table:
    """Leave parts out of the worst mistakes, and ask the model again.

    Args:
        answer: the model's outputs for N contents, `(N, K)`.
        parts_of: `parts_left_out` of the modality.
        ids: of the test examples.
        contents: of the same examples.
        mistakes: with the ids of mistakes, the worst first.
    """
    place = {id: row for row, id in enumerate(ids)}
    rows = []
    for id in mistakes["id"].to_pylist()[:NUM_MISTAKES]:
        content = {name: values[place[id]] for name, values in contents.items()}
        outputs = answer({name: [value] for name, value in content.items()})[0]
        best = int(np.argmax(outputs))
        without = without_parts(answer, parts_of(content))
        fall = {part: float(outputs[best] - other[best]) for part, other in without.items()}
        most = sorted(fall, key=lambda part: -fall[part])[:NUM_PARTS]
        rows += [{"id": id, "part": part, "for_it": fall[part]} for part in most if fall[part] > 0]
    return pa.Table.from_pylist(rows, DECIDED)
