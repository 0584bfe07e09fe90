"""Times of examples: read from texts, as a column, and as ordinals that can be compared.

A time is a date or a moment in ISO 8601, or an integer (a year, a day number, seconds). Moments
with a time zone become UTC; those without one stay as they are. The ordinal of a moment is its
microseconds since 1970, that of an integer the integer itself.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ordinals = NDArray[np.int64]

MOMENT = "timestamp[us]"
INTEGER = "int64"
"""The types that a column `time` may have, by their names in Arrow."""

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
MAX_INTEGER = 2**62
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
WHOLE = re.compile(r"[+-]?[0-9]{1,19}")


def moment_of(text: str) -> int | None:
    """The ordinal of a date or moment in ISO 8601; None of another text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ordinal_of(found)


def ordinal_of(point: date) -> int:
    """The ordinal of a date (its midnight) or of a moment."""
    if not isinstance(point, datetime):
        point = datetime(point.year, point.month, point.day)
    if point.tzinfo is not None:
        point = point.astimezone(UTC).replace(tzinfo=None)
    return (point - EPOCH) // MICROSECOND


def integer_of(text: str) -> int | None:
    """A text as a whole number; None of another text."""
    if not WHOLE.fullmatch(text) or abs(int(text)) > MAX_INTEGER:
        return None
    return int(text)


READERS = {MOMENT: moment_of, INTEGER: integer_of}


def type_of(texts: Iterable[str | None]) -> str | None:
    """The type of most of these texts: `MOMENT` or `INTEGER`; None where none is a time.

    Texts of digits alone are integers, though 20130101 would be a date of ISO 8601 too.
    """
    known = [text for text in texts if text is not None]
    integers = sum(integer_of(text) is not None for text in known)
    moments = sum(integer_of(text) is None and moment_of(text) is not None for text in known)
    if not integers and not moments:
        return None
    return MOMENT if moments >= integers else INTEGER


def read_times(texts: pa.Array | pa.ChunkedArray, kind: str) -> pa.Array:
    """Parse texts into a column of times, `(N,)`; null for a text that is not a time."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    distinct = pc.unique(texts).drop_null()
    ordinals = pa.array([READERS[kind](text) for text in distinct.to_pylist()], pa.int64())
    return ordinals.take(pc.index_in(texts, distinct)).cast(pa.type_for_alias(kind))


def ordinals_of(times: pa.Array | pa.ChunkedArray) -> tuple[Ordinals, NDArray[np.bool_]]:
    """The ordinals of a column of times, `(N,)`, 0 where one is missing; and which are there."""
    if isinstance(times, pa.ChunkedArray):
        times = times.combine_chunks()
    known = np.asarray(pc.is_valid(times))
    return np.asarray(pc.fill_null(times.cast(pa.int64()), 0), np.int64), known


def as_text(ordinal: int, kind: str) -> str:
    """Format an ordinal as catalog entries have it: `2013-01-01`, `2013-01-01 09:30:00`."""
    if kind == INTEGER:
        return str(ordinal)
    moment = EPOCH + ordinal * MICROSECOND
    is_midnight = moment == datetime(moment.year, moment.month, moment.day)
    return moment.date().isoformat() if is_midnight else moment.isoformat(" ")


@cache
def duration_of(text: str) -> int | None:
    """Microseconds of a duration such as `1d`, `12h` or `2w`; None of another text."""
    found = re.fullmatch(r"([0-9]{1,6})([smhdw])", text.strip())
    if found is None:
        return None
    parts: Mapping[str, int] = {UNITS[found[2]]: int(found[1])}
    return timedelta(**parts) // MICROSECOND
