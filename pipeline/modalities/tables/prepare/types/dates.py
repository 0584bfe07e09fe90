"""Detects dates and their order of parts: one order for all rows of a column."""

from collections.abc import Iterable
from typing import NamedTuple

from pipeline.modalities.tables.content.values import match_date, parse_date
from pipeline.modalities.tables.prepare.types.texts import Texts
from pipeline.runtime.errors import SourceError
from pipeline.sources.tables.missing import WORDS

DEFAULT_PIVOT = 29  # for two-digit years, as in spreadsheets


class DatesFound(NamedTuple):
    """A column as dates."""

    order: str | None
    """`year`, `month` or `day` first; None if every row is ambiguous."""
    reason: str
    """A sentence on the evidence."""
    has_two_digits: bool
    latest_year: int | None
    """The last of the years with four digits."""
    num_naive: int
    """Rows of moments without a time zone."""
    num_aware: int
    others: list[str]
    """Texts that are not dates, such as ?."""


def find_dates(texts: Texts) -> DatesFound | None:
    """Read a column as dates; None if it is not.

    Raises:
        SourceError: rows are in different orders.
    """
    firsts: dict[str, int] = {"day": 0, "month": 0, "year": 0, "open": 0}
    examples: dict[str, str] = {}
    others, two_digits, years = [], False, []
    num = {"naive": 0, "aware": 0}
    for text, rows in texts.counts.items():
        match = match_date(text)
        if not match:
            if text.casefold() not in WORDS:
                return None
            others.append(text)
            continue
        first, _, second, third, hour, *_, offset = match.groups()
        if len(first) == 4:
            kind, year = "year", first
        elif len(third) in (2, 4) and len(first) <= 2:
            one, two = int(first), int(second)
            kind = "day" if one > 12 else "month" if two > 12 else "open"
            year = third
        else:
            return None
        firsts[kind] += rows
        examples.setdefault(kind, text)
        two_digits |= len(year) == 2
        if len(year) == 4:
            years.append(int(year))
        if hour is not None:
            num["aware" if offset else "naive"] += rows
    if not texts.counts or len(others) == len(texts.counts):
        return None
    known = [kind for kind in ("day", "month", "year") if firsts[kind]]
    if len(known) > 1:
        raise SourceError(
            f"column {texts.name} has dates in different orders: {firsts[known[0]]} rows begin "
            f"with the {known[0]} ({examples[known[0]]}), {firsts[known[1]]} with the {known[1]} "
            f"({examples[known[1]]})",
            fix="write them in one order, such as 2024-12-31",
        )
    order = known[0] if known else None
    reason = f"by {firsts[order]} rows such as {examples[order]}" if order else "no row tells"
    latest = max(years, default=None)
    found = (order, reason, two_digits, latest, num["naive"], num["aware"], others)
    if order and not _all_read(texts, order, others):
        return None
    return DatesFound(*found)


def _all_read(texts: Texts, order: str, others: Iterable[str]) -> bool:
    for text in texts.counts.keys() - {*others}:
        try:
            parse_date(text, order)
        except ValueError:
            return False
    return True
