"""Reads the column of times: dates in ISO 8601, or whole numbers; one format for all rows."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.modalities.tables.content.values import match_date, parse_date
from pipeline.modalities.tables.prepare.sources.roles import RoleTexts, map_texts
from pipeline.modalities.tables.prepare.types.dates import DEFAULT_PIVOT, find_dates
from pipeline.modalities.tables.prepare.types.texts import Texts
from pipeline.runtime.errors import SourceError

SUNDAY = 6
PLACEHOLDERS = {"0001-01-01", "1899-12-30", "1900-01-01", "1970-01-01", "2099-12-31", "9999-12-31"}
"""Days that programs write where there is none."""
UNITS = {10: "seconds", 13: "milliseconds", 16: "microseconds", 19: "nanoseconds"}
"""Units of times since 1970 by their number of digits, from the year 2001 on."""


def read_time(texts: Texts, entry: Any) -> RoleTexts:
    """Read times as texts.

    Raises:
        SourceError: day and month are ambiguous, or only some times have a zone.
    """
    dates = find_dates(texts)
    if dates is None:
        _refuse_units(texts)
        return RoleTexts(texts.values, [], [])
    order = dates.order or entry.dates.order
    name = texts.name
    if order is None:
        raise SourceError(
            f"column {name} has dates of which each could be either way round, such as "
            f"{next(iter(texts.counts))}: day or month first?",
            fix="say dates: {order: day} or dates: {order: month} in the catalog entry",
        )
    if dates.num_aware and dates.num_naive:
        row = _first_aware(texts)
        raise SourceError(
            f"column {name} has {dates.num_naive} rows without a time zone and {dates.num_aware} "
            f"with one, first in row {row}",
            fix="give all times a zone, such as 2024-01-31T09:00+01:00, or none",
        )
    notes = []
    if order != "year":
        notes.append(f"column {name} has dates with the {order} first, {dates.reason}")
    if dates.num_aware:
        notes.append(f"column {name} has times with a zone; all become UTC, and splits mean UTC")
    pivot = (dates.latest_year or 2000 + DEFAULT_PIVOT) % 100

    def read(text: str) -> str | None:
        try:
            return parse_date(text, order, pivot)
        except ValueError:
            return None

    column = map_texts(texts.values, read)
    read_days = {text: moment[:10] for text in texts.counts if (moment := read(text))}
    return RoleTexts(column, notes, _placeholders(texts, read_days))


def _placeholders(texts: Texts, days: Mapping[str, str]) -> list[str]:
    """Sentences on dates that stand for none, of which a split in time might consist."""
    others = [date.fromisoformat(day) for day in days.values() if day not in PLACEHOLDERS]
    if not others:
        return []
    first, last = min(others), max(others)
    found = []
    for text, day in days.items():
        there = date.fromisoformat(day)
        distance = max(first - there, there - last)
        if day in PLACEHOLDERS and distance > max(last - first, timedelta(days=365)):
            found.append(
                f"{text} in column {texts.name} is in {texts.counts[text]} rows and far from the "
                f"others, {first} to {last}; does it mean missing? Then say missing: "
                f"{{{texts.name}: ['{text}']}}"
            )
    return found


def _refuse_units(texts: Texts) -> None:
    """
    Raises:
        SourceError: some whole numbers are seconds since 1970, others milliseconds or less.
    """
    rows: dict[str, int] = {}
    examples: dict[str, str] = {}
    for text, num in texts.counts.items():
        unit = UNITS.get(len(text)) if text.isdecimal() else None
        if unit is not None:
            rows[unit] = rows.get(unit, 0) + num
            examples.setdefault(unit, text)
    if len(rows) > 1:
        shown = ", ".join(f"{rows[unit]} in {unit} ({examples[unit]})" for unit in rows)
        raise SourceError(
            f"column {texts.name} has times in several units since 1970: {shown}",
            fix="write them all in one, or as 2024-01-31T09:00:00Z",
        )


def _first_aware(texts: Texts) -> int:
    for row, text in enumerate(texts.values.to_pylist(), 1):
        match = match_date(text) if text else None
        if match and match.groups()[-1]:
            return row
    return 0


def latest_year(time: RoleTexts | None) -> int | None:
    """The last year among times; None if they are not dates."""
    if time is None:
        return None
    last = pc.max(time.texts).as_py()
    return int(last[:4]) if last and last[:4].isdecimal() and match_date(last) else None


def repeated_hours(times: pa.ChunkedArray) -> str | None:
    """A sentence on moments without a zone that occur twice, as at the end of summer time."""
    counts = pc.value_counts(times.drop_null())
    twice = [e["values"] for e in counts.to_pylist() if e["counts"] == 2 and "T" in e["values"]]
    if not twice or len(twice) > 0.01 * len(times) + 4:
        return None
    moments = [datetime.fromisoformat(text) for text in twice if not text.endswith("Z")]
    if not moments or not all(
        m.weekday() == SUNDAY and m.hour <= 3 and m.month in (3, 4, 10, 11) for m in moments
    ):
        return None
    shown = moments[0].isoformat(" ", "minutes")
    return (
        f"{shown} is there twice, as at the end of summer time; the times have no zone: nothing is "
        "dropped, and the order of the file is kept"
    )
