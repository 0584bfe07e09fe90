"""Which events count: repeats and double clicks once, and what the entry's `minimum` asks for."""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.splits.times import MOMENT, Ordinals
from pipeline.sources.tables.missing import FAR, USUAL_CODES

DOUBLE_CLICK = 60 * 10**6  # microseconds
SHOWN_KINDS, MAX_KINDS, SHOWN_WORDS = 8, 20, 3
COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*", re.ASCII)

Mask = NDArray[np.bool_]


class Leavings(NamedTuple):
    """Rows of the events that stay, of N, and how many are left out, by reason."""

    kept: Mask
    beside: dict[str, int]

    def without(self, left_out: Mask, reason: str) -> "Leavings":
        """Leave out those for which `left_out` holds, too."""
        gone = self.kept & left_out
        if not gone.any():
            return self
        beside = self.beside | {reason: self.beside.get(reason, 0) + int(gone.sum())}
        return Leavings(self.kept & ~gone, beside)


def codes_of_rows(columns: list[pa.ChunkedArray]) -> Rows:
    """A number for each row, the same for rows with the same texts."""
    found = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        coded = column.combine_chunks().dictionary_encode()
        codes = np.asarray(pc.fill_null(coded.indices, len(coded.dictionary)), np.int64)
        _, found = np.unique(found * (len(coded.dictionary) + 1) + codes, return_inverse=True)
    return found


def repeats(rows: Rows, kept: Mask) -> Mask:
    """Events that are in every column as one before."""
    where = np.flatnonzero(kept)
    found = np.zeros(len(rows), bool)
    first = np.unique(rows[where], return_index=True)[1]
    found[where] = True
    found[where[first]] = False
    return found


def double_clicks(rows: Rows, times: Ordinals, kept: Mask, type: str) -> Mask:
    """Events within a minute of one that is the same but for its time, `rows` told so."""
    found = np.zeros(len(rows), bool)
    if type != MOMENT:
        return found
    where = np.flatnonzero(kept)
    order = where[np.lexsort((times[where], rows[where]))]
    near = (np.diff(rows[order]) == 0) & (np.diff(times[order]) <= DOUBLE_CLICK)
    found[order[1:][near]] = True
    return found


def read_values(texts: pa.ChunkedArray) -> Float64:
    """Numbers, in a column without points also those with a decimal comma; NaN for others."""
    coded = texts.combine_chunks().dictionary_encode()
    words = coded.dictionary.to_pylist()
    if any(COMMA.fullmatch(text) for text in words) and not any("." in text for text in words):
        words = [text.replace(",", ".") for text in words]
    numbers = [_number(text) for text in words]
    values = np.array([*numbers, np.nan], np.float64)
    found: Float64 = values[np.asarray(pc.fill_null(coded.indices, len(numbers)))]
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if abs(value) < 1e30 else np.nan


def too_few(users: Rows, items: Rows, kept: Mask, per_user: int, per_item: int) -> Mask:
    """Events of users or items with too few of them, until both hold (a k-core)."""
    rest = kept.copy()
    while rest.any():
        of_users = np.bincount(users[rest], minlength=int(users.max()) + 1)
        of_items = np.bincount(items[rest], minlength=int(items.max()) + 1)
        low = rest & ((of_users[users] < per_user) | (of_items[items] < per_item))
        if not low.any():
            break
        rest &= ~low
    return kept & ~rest


def say_values(name: str, values: Float64, texts: pa.ChunkedArray) -> list[str]:
    """What looks wrong in values."""
    found = []
    there = values[np.isfinite(values)]
    words = texts.filter(pa.array(~np.isfinite(values))).drop_null()
    words = words.filter(pc.not_equal(pc.utf8_trim_whitespace(words), ""))
    if len(words):
        shown = ", ".join(sorted(pc.unique(words).to_pylist())[:SHOWN_WORDS])
        found.append(
            f"column {name}: {len(words)} values are no finite number, such as {shown}: they count "
            "as events without a value"
        )
    if negative := int((there < 0).sum()):
        found.append(
            f"column {name}: {negative} values are below 0, the least {there.min():g}: such events "
            "count as the others; if they mean dislike, say minimum: {value: …}"
        )
    for code in map(int, sorted(USUAL_CODES.intersection(np.unique(there).tolist()))):
        rest = there[there != code]
        if len(rest) and max(rest.min() - code, code - rest.max()) > FAR * max(1, np.ptp(rest)):
            found.append(
                f"column {name}: {int((there == code).sum())} values are {code}, far from the "
                f"others: is it a code for missing? Then say missing: {{{name}: [{code}]}}"
            )
    zeros = int((there == 0).sum())
    others = there[there != 0]
    if zeros and len(others) and others.min() >= 1:
        found.append(
            f"column {name}: {zeros} values are 0, all others at least {others.min():g}: does 0 "
            f"mean that nobody chose one? Then say missing: {{{name}: [0]}}"
        )
    return found


def say_kinds(name: str, texts: pa.ChunkedArray, with_value: Mask | None) -> str | None:
    """What a column says that has a word out of few; None for any other column."""
    counts = pc.value_counts(texts.drop_null()).to_pylist()
    if not 1 < len(counts) <= MAX_KINDS or texts.null_count:
        return None
    counts.sort(key=lambda one: (-one["counts"], one["values"]))
    shown = ", ".join(f"{one['values']} {one['counts']}" for one in counts[:SHOWN_KINDS])
    said = f"column {name} has {len(counts)} kinds ({shown})"
    if with_value is not None and not with_value.all():
        kinds = np.array(texts.to_pylist(), object)
        filled = sorted({*kinds[with_value].tolist()})
        if len(filled) < len(counts):
            said += f"; only {', '.join(filled)} of them have a value"
    return said
