"""Times of events as people and programs write them: one reading for each, and what is odd said.

A whole number is seconds, milliseconds, microseconds or nanoseconds since 1970 by its size, each by
itself: logs of several systems are often one file. Where most are none of these, such as days 1 to
30, all are numbers of steps. Times without a zone count as UTC.
"""

import re
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.splits.times import INTEGER, MOMENT, Ordinals, integer_of, moment_of

UNITS = (
    ("seconds", 10**8, 10**11, 10**6),
    ("milliseconds", 10**11, 10**14, 10**3),
    ("microseconds", 10**14, 10**17, 1),
    ("nanoseconds", 10**17, 2**62, -(10**3)),
)
"""Name, least and first too large, microseconds in one (or ones in a microsecond, negative)."""
TEXT, ZONELESS, STEPS = "text", "text without a zone", "steps"
FRACTION = re.compile(r"\d{9,19}\.\d+", re.ASCII)
"""Seconds (or milliseconds …) with a fraction."""
ZONE = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$", re.ASCII)
NOT_READ = "a time that is not understood"
MOSTLY = 0.5
MAX_FAR = 0.2
"""The share of events that lie far from all others, and so are of no time that could be."""
MIN_ALIKE, MAX_ALIKE = 20, 0.05
"""Events at one time, and their share, from which on that is odd."""
YEAR = 365 * 86400 * 10**6


class ReadTimes(NamedTuple):
    """Times of N events."""

    ordinals: Ordinals
    """Microseconds since 1970, or steps; 0 where there is none."""
    problems: NDArray[np.object_]
    """Why an event has none; None where it has."""
    type: str
    """`MOMENT` or `INTEGER`; see dataset/splits/times.py."""
    notes: list[str]
    doubts: list[str]


def read_times(texts: pa.ChunkedArray, name: str) -> ReadTimes:
    """Read a column of texts."""
    encoded = texts.combine_chunks().dictionary_encode()
    distinct: list[str] = encoded.dictionary.to_pylist()
    place = np.asarray(pc.fill_null(encoded.indices, len(distinct)))
    values, units = _read_each(distinct)
    counts = np.bincount(place, minlength=len(distinct) + 1)[:-1]
    known = {unit: int(counts[units == unit].sum()) for unit in (u for u, *_ in UNITS)}
    steps = int(counts[units == STEPS].sum())
    total = max(1, int(counts.sum()))
    is_steps = steps > MOSTLY * total and not known[UNITS[0][0]]
    ordinals = np.zeros(len(distinct) + 1, np.int64)
    problems = np.full(len(distinct) + 1, None, object)
    problems[-1] = "no time"
    for number, (value, unit) in enumerate(zip(values, units, strict=True)):
        if value is None and distinct[number].strip():
            problems[number] = NOT_READ
        elif value is None or (unit == STEPS) != is_steps:
            problems[number] = "no time"
        else:
            ordinals[number] = value
    notes, doubts = _said(name, known | _texts(units, counts), is_steps)
    if not is_steps:
        _leave_out_far(ordinals, problems, counts)
        doubts += _say_one_time(name, distinct, counts)
    found = ReadTimes(
        ordinals[place], problems[place], INTEGER if is_steps else MOMENT, notes, doubts
    )
    for problem in dict.fromkeys(filter(None, found.problems.tolist())):
        num = int((found.problems == problem).sum())
        doubts.append(f"column {name}: {num} events are left out: {problem}")
    if unread := [
        text for text, why in zip(distinct, problems[:-1], strict=True) if why == NOT_READ
    ]:
        doubts[-1] += f", such as {unread[0]}; write it as 2024-01-31T09:00:00Z"
    return found


def _texts(units: NDArray[np.object_], counts: NDArray[np.int64]) -> dict[str, int]:
    """Events by how a zone is written; as text alone where all are alike."""
    aware, naive = (int(counts[units == unit].sum()) for unit in (TEXT, ZONELESS))
    if aware and naive:
        return {"text with a zone": aware, ZONELESS: naive}
    return {TEXT: aware + naive}


def _read_each(distinct: list[str]) -> tuple[list[int | None], NDArray[np.object_]]:
    values: list[int | None] = []
    units = np.full(len(distinct), None, object)
    for number, text in enumerate(distinct):
        text = text.strip()
        whole = integer_of(text.removesuffix(".0"))
        if whole is None:
            moment = moment_of(text)
            values.append(moment)
            if moment is not None:
                units[number] = TEXT if ZONE.search(text) else ZONELESS
            elif FRACTION.fullmatch(text):
                values[-1], units[number] = _with_fraction(Decimal(text))
            continue
        unit, value = _in_microseconds(whole)
        values.append(value)
        units[number] = unit
    return values, units


def _in_microseconds(whole: int) -> tuple[str, int]:
    for unit, least, most, factor in UNITS:
        if least <= whole < most:
            return unit, whole * factor if factor > 0 else whole // -factor
    return STEPS, whole


def _with_fraction(number: Decimal) -> tuple[int | None, str | None]:
    for unit, least, most, factor in UNITS:
        if least <= number < most:
            return int(number * factor if factor > 0 else number / -factor), unit
    return None, None


def _said(name: str, known: dict[str, int], is_steps: bool) -> tuple[list[str], list[str]]:
    if is_steps:
        return [f"column {name}: times are whole numbers, in steps"], []
    there = {unit: num for unit, num in known.items() if num}
    parts = [
        f"{num} as {unit}" if unit.startswith(TEXT) else f"{num} in {unit} since 1970"
        for unit, num in there.items()
    ]
    said = f"column {name}: times are {', '.join(parts) or 'none'}; all count as UTC"
    return ([], [said]) if len(parts) > 1 else ([said], [])


def _say_one_time(name: str, distinct: list[str], counts: NDArray[np.int64]) -> list[str]:
    """Where many events have one time, it is that of a copy rather than theirs."""
    if not len(counts) or counts.max() < max(MIN_ALIKE, MAX_ALIKE * counts.sum()):
        return []
    most = int(counts.argmax())
    return [f"column {name}: {counts[most]} of {counts.sum()} events are at {distinct[most]}"]


def _leave_out_far(
    ordinals: Ordinals, problems: NDArray[np.object_], counts: NDArray[np.int64]
) -> None:
    """Times beyond a gap that is longer than all that lies on its other side, and than a year."""
    good = np.flatnonzero([problem is None for problem in problems[:-1]])
    order = good[np.argsort(ordinals[good], kind="stable")]
    if len(order) < 2:
        return
    times, weights = ordinals[order], np.cumsum(counts[order])
    total = weights[-1]
    gaps = np.diff(times)
    for cut in np.flatnonzero(gaps > YEAR).tolist():
        early, late = weights[cut], total - weights[cut]
        if late <= MAX_FAR * total and gaps[cut] > times[cut] - times[0]:
            problems[order[cut + 1 :]] = "a time far in the future of all others"
            return
        if early <= MAX_FAR * total and gaps[cut] > times[-1] - times[cut + 1]:
            problems[order[: cut + 1]] = "a time far before all others"
