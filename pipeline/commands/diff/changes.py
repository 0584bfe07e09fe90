"""What changed between two versions of the rows of a dataset, example by example."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.rows import KEY_DIGITS
from pipeline.runtime.errors import MissingInput

Rows = NDArray[np.int64]

KINDS = {
    "added": "added",
    "removed": "removed",
    "relabelled": "relabelled",
    "moved": "moved to another split",
    "reweighted": "re-weighted",
    "content": "other content",
    "excluded": "in the data, but left out now",
    "restored": "was left out, but is in now",
}
"""What may become of an example, and what that is called."""
COMPARED = {"relabelled": "label", "moved": "split", "content": "content"}
"""Kinds of change that are another value of a column, in examples that both versions have."""
MANY = 256  # examples of one key, which is one of 2**48


class Pair(NamedTuple):
    """Rows of examples that changed in one way: in the version before and in that after."""

    before: Rows
    """`(N,)`; empty where these examples were not there before."""
    after: Rows
    """`(N,)`; empty where they are not there any more."""

    def __len__(self) -> int:
        return max(len(self.before), len(self.after))


@dataclass(frozen=True)
class Changes:
    """Two versions, with SCHEMA of dataset/rows.py each, and how they differ."""

    before: pa.Table
    after: pa.Table
    kinds: dict[str, Pair]
    """Pairs by KINDS; an example may have changed in several ways."""

    def values(self, kind: str, column: str) -> list[tuple[str | None, str | None]]:
        """Values before and after of the examples that changed in a way; None where not there."""
        rows = self.kinds[kind]
        before = self.before[column].take(pa.array(rows.before)).to_pylist()
        after = self.after[column].take(pa.array(rows.after)).to_pylist()
        nothing = [None] * len(rows)
        return list(zip(before or nothing, after or nothing, strict=True))

    def transitions(self, kind: str, column: str) -> Counter[tuple[str | None, str | None]]:
        """How often which value became which."""
        return Counter(self.values(kind, column))

    def keys(self, kind: str) -> list[str]:
        """Keys of the examples that changed in a way."""
        return [str(before or after) for before, after in self.values(kind, "key")]


def compare_rows(before: pa.Table, after: pa.Table) -> Changes:
    """Compare two versions.

    Raises:
        MissingInput: a key is none.
    """
    one, other = sorted_numbers(before), sorted_numbers(after)
    place = np.minimum(np.searchsorted(other.numbers, one.numbers), max(len(other.numbers) - 1, 0))
    stays = (
        other.numbers[place] == one.numbers
        if len(other.numbers)
        else np.zeros(len(one.numbers), bool)
    )
    is_old = np.zeros(len(other.numbers), bool)
    is_old[place[stays]] = True
    nothing = np.empty(0, np.int64)
    kinds = {
        "added": Pair(nothing, other.rows[~is_old]),
        "removed": Pair(one.rows[~stays], nothing),
    }
    common = Pair(one.rows[stays], other.rows[place[stays]])
    for kind, column in COMPARED.items():
        kinds[kind] = _of(common, differ(before, after, common, column))
    was_in, is_in = (
        pc.equal(table["reason"].take(pa.array(rows)), "").to_numpy()
        for table, rows in ((before, common.before), (after, common.after))
    )
    other_weight = differ(before, after, common, "weight")
    kinds["reweighted"] = _of(common, other_weight & was_in & is_in)
    kinds["excluded"] = _of(common, was_in & ~is_in)
    kinds["restored"] = _of(common, ~was_in & is_in)
    return Changes(before, after, {kind: kinds[kind] for kind in KINDS})


def differ(before: pa.Table, after: pa.Table, rows: Pair, column: str) -> NDArray[np.bool_]:
    """Whether each example has another value of a column, `(N,)`."""
    one = before[column].take(pa.array(rows.before))
    other = after[column].take(pa.array(rows.after))
    return np.asarray(pc.not_equal(one, other).to_numpy())


class Numbered(NamedTuple):
    """Keys as numbers, in their order, and the rows that they are of."""

    numbers: NDArray[np.uint64]
    rows: Rows


def sorted_numbers(table: pa.Table) -> Numbered:
    """Keys as numbers, no two the same: of examples with one key the second is another number."""
    keys = numbers_of(table["key"])
    rows = np.argsort(keys, kind="stable")
    keys = keys[rows]
    starts = np.flatnonzero(np.diff(keys, prepend=~keys[:1]) != 0)
    ordinals = np.arange(len(keys)) - np.repeat(starts, np.diff(starts, append=len(keys)))
    if len(keys) and ordinals.max() >= MANY:
        raise MissingInput("rows.csv has one key in very many lines", fix="dvc repro describe")
    return Numbered(keys * np.uint64(MANY) + ordinals.astype(np.uint64), rows)


def numbers_of(keys: pa.ChunkedArray) -> NDArray[np.uint64]:
    """Hexadecimal keys as numbers, `(N,)`.

    Raises:
        MissingInput: one is none.
    """
    if not len(keys):
        return np.empty(0, np.uint64)
    try:
        fixed = keys.cast(pa.binary()).cast(pa.binary(KEY_DIGITS)).combine_chunks()
        start = fixed.offset * KEY_DIGITS
        digits = np.frombuffer(fixed.buffers()[1], np.uint8)[start:][: len(fixed) * KEY_DIGITS]
        values = DIGITS[digits].reshape(-1, KEY_DIGITS)
        if values.max() > 15:
            raise ValueError("a digit is none")
    except (pa.ArrowException, ValueError) as error:
        raise MissingInput(
            f"a key of rows.csv is none: {error}", fix="dvc repro describe"
        ) from None
    numbers = np.zeros(len(values), np.uint64)
    for column in values.T:
        numbers = numbers * np.uint64(16) + column
    return numbers


DIGITS = np.full(256, 255, np.uint8)
DIGITS[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


def _of(rows: Pair, chosen: NDArray[np.bool_]) -> Pair:
    return Pair(rows.before[chosen], rows.after[chosen])
