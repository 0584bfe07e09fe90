"""Reads numbers from the texts of a source."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.runtime.errors import SourceError
from pipeline.targets.numbers.measures.scale import AS_THEY_ARE
from pipeline.targets.protocols.labels import TargetIndex

COLUMN = "target"
USUAL_NAMES = ("target", "value", "y", "label")
UNKNOWN = "no number"
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
MISSING = frozenset({"", "?", "na", "n/a", "nan", "none", "null"})


def number_of(text: str) -> float | None:
    """Parse a number; None if the text is not one, or is too large."""
    text = text.strip()
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def column_type() -> pa.DataType:
    return pa.float64()


def column(labels: Sequence[str | None], index: TargetIndex) -> pa.Array:
    values = [None if text is None else number_of(text) for text in labels]
    return pa.array(values, column_type())


def index_of(entry: Any, labels: list[str] | set[str]) -> TargetIndex:
    return AS_THEY_ARE


def is_missing(text: str, index: TargetIndex) -> bool:
    return text.strip().lower() in MISSING


def namer(texts: set[str], entry: Any, where: str) -> Callable[[str], str | None]:
    """Let each text be its own label.

    Raises:
        SourceError: none of them is a number.
    """
    if texts and not any(number_of(text) is not None for text in texts):
        raise SourceError(
            f"{where} has no number to be estimated; the first text is {min(texts)!r}",
            fix=f"name the column of numbers in the catalog entry, under columns: {COLUMN}:",
        )
    return lambda text: text


def problem_of(label: str, entry: Any) -> str | None:
    is_number = number_of(label) is not None or is_missing(label, AS_THEY_ARE)
    return None if is_number else f"{COLUMN} {label} is no number"


def refuse_unfit(entry: Any, labels: list[str] | set[str], where: str) -> None:
    """See the protocol.

    Raises:
        SourceError: no example has a number, or all have the same one.
    """
    values = {number_of(text) for text in labels} - {None}
    if len(values) == 1:
        raise SourceError(
            f"all numbers of {where} are {values.pop():g}, so that there is nothing to learn",
            fix=f"name another column in the catalog entry, under columns: {COLUMN}:",
        )
    if not values and entry.annotations is None:
        raise SourceError(
            f"no example of {where} has a number",
            fix=f"name the column of numbers in the catalog entry, under columns: {COLUMN}:, or "
            "set target: classes",
        )


def named(texts: Sequence[str], index: TargetIndex) -> list[str | None]:
    return [text if number_of(text) is not None else None for text in texts]


def how_to_mend(index: TargetIndex) -> str:
    return "write numbers with a decimal point, such as 3, -0.5 or 1e3"


def vote(rows: NDArray, labels: pa.Array, num_examples: int, index: TargetIndex) -> pa.Array:
    """The median of each example's numbers; see the protocol."""
    values = np.array([number_of(text) for text in labels.to_pylist()], np.float64)
    order = np.lexsort((values, rows))
    found = np.full(num_examples, np.nan)
    owners, starts = np.unique(rows[order], return_index=True)
    for owner, some in zip(owners, np.split(values[order], starts[1:]), strict=True):
        found[owner] = np.median(some)
    return pa.array(found, column_type(), from_pandas=True)


def names_in(entry: Any) -> None:
    return None


def describe(index: TargetIndex) -> str:
    return "numbers"


def label_names(index: TargetIndex) -> list[str]:
    return []


def figures(index: TargetIndex) -> dict[str, int]:
    return {}
