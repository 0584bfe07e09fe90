"""Makes an index of the ids of items, as a source has them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.runtime.errors import SourceError
from pipeline.targets.protocols.labels import TargetIndex

COLUMN = "item"
USUAL_NAMES = ("item", "item_id", "movieId")
UNKNOWN = "no item"
ITEMS, TITLES, COUNTS = "items", "titles", "counts"
"""Keys of an index: ids in the order of their codes, titles by id, events of each in train."""


def column_type() -> pa.DataType:
    return pa.string()


def column(labels: Sequence[str | None], index: TargetIndex) -> pa.Array:
    known = {*index[ITEMS]}
    return pa.array([label if label in known else None for label in labels], column_type())


def index_of(entry: Any, labels: list[str] | set[str]) -> TargetIndex:
    return {ITEMS: sorted(labels) if isinstance(labels, set) else list(labels)}


def problem_in(index: TargetIndex) -> str | None:
    items = index.get(ITEMS)
    if not isinstance(items, list) or not items or not all(isinstance(i, str) for i in items):
        return f"{ITEMS} should be a list of ids"
    if len({*items}) < len(items):
        return f"{ITEMS} should have each id once"
    return None


def is_missing(text: str, index: TargetIndex) -> bool:
    return False


def namer(texts: set[str], entry: Any, where: str) -> Callable[[str], str | None]:
    return lambda text: text


def problem_of(label: str, entry: Any) -> str | None:
    return None


def refuse_unfit(entry: Any, labels: list[str] | set[str], where: str) -> None:
    if len(labels) < 2:
        raise SourceError(
            f"{where} has {len(labels)} items, of which nothing can be ranked",
            fix="name the column of items in the catalog entry, under columns: item:",
        )


def named(texts: Sequence[str], index: TargetIndex) -> list[str | None]:
    known = {*index[ITEMS]}
    return [text if text in known else None for text in texts]


def how_to_mend(index: TargetIndex) -> str:
    return "write ids of items as the source has them"


def vote(rows: NDArray, labels: pa.Array, num_examples: int, index: TargetIndex) -> pa.Array:
    """What most say, of equals the first by its letters."""
    counts: dict[int, Counter[str]] = {}
    for row, label in zip(rows.tolist(), labels.to_pylist(), strict=True):
        counts.setdefault(row, Counter())[label] += 1
    said: list[str | None] = [None] * num_examples
    for row, votes in counts.items():
        said[row] = min(votes, key=lambda label: (-votes[label], label))
    return pa.array(said, column_type())


def names_in(entry: Any) -> None:
    return None


def describe(index: TargetIndex) -> str:
    return f"{len(index[ITEMS])} items"


def label_names(index: TargetIndex) -> list[str]:
    """Items are too many to be named one by one in tables of what inputs contribute."""
    return []


def figures(index: TargetIndex) -> dict[str, int]:
    return {"items": len(index[ITEMS])}


def popularity_of(index: TargetIndex) -> NDArray[np.int64]:
    """How many events of each item train has, `(items,)`; zeros before that is learnt."""
    num = len(index[ITEMS])
    return np.asarray(index.get(COUNTS) or [0] * num, np.int64)
