"""The table `decided`: for the worst mistakes, which parts of the content the model went by."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.arrays import Float64
from pipeline.learning.contributions import without_parts

NUM_MISTAKES, NUM_PARTS = 50, 5

DECIDED = pa.schema([("id", pa.string()), ("part", pa.string()), ("for_it", pa.float64())])
"""A row for each part, the one that decided most first. `for_it` is by how much the output that was
largest, such as the probability of what was predicted, falls without the part."""

Contents = Mapping[str, Sequence[Any]]


def decided_table(
    answer: Callable[[Contents], Float64],
    parts_of: Callable[[Mapping[str, Any]], Sequence[tuple[str, Mapping[str, Any]]]] | None,
    ids: Sequence[str],
    contents: Contents,
    mistakes: pa.Table,
) -> pa.Table:
    """Without rows where contents have no parts that could be left out.

    Args:
        answer: what the model says of N contents, `(N, K)`.
        parts_of: `parts_left_out` of the modality; None if it has none.
        ids: of the test examples.
        contents: of these.
        mistakes: has their ids, the worst first.
    """
    if parts_of is None:
        return DECIDED.empty_table()
    place = {id: row for row, id in enumerate(ids)}
    rows = []
    for id in mistakes["id"].to_pylist()[:NUM_MISTAKES]:
        content = {name: values[place[id]] for name, values in contents.items()}
        said = answer({name: [value] for name, value in content.items()})[0]
        best = int(np.argmax(said))
        without = without_parts(answer, parts_of(content))
        fall = {part: float(said[best] - other[best]) for part, other in without.items()}
        most = sorted(fall, key=lambda part: -fall[part])[:NUM_PARTS]
        rows += [{"id": id, "part": part, "for_it": fall[part]} for part in most if fall[part] > 0]
    return pa.Table.from_pylist(rows, DECIDED)
