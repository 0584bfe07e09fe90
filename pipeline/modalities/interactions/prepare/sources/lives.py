"""Lives of items: when each appeared and when it went, by columns of the table of items."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from pipeline.dataset.splits.times import INTEGER, integer_of, moment_of, ordinal_of

OLDEST, LATEST = 1000, 2999  # years
DAY = 86400 * 10**6  # microseconds
ENGLISH = ("%d-%b-%Y", "%d %b %Y", "%b %d, %Y")
"""Dates in words, as in MovieLens 100K: 01-Jan-1995."""

Life = list[int | None]


def read_lives(
    columns: Mapping[str, pa.ChunkedArray],
    ids: Sequence[str | None],
    since: str | None,
    until: str | None,
    time_type: str,
) -> tuple[dict[str, Life], list[str]]:
    """First and last ordinal of each item that has one, and doubts in sentences.

    Args:
        columns: of the table of items.
        ids: of the items, row by row; of several rows of an item the first with a value counts.
        since: name of the column; None if there is none.
        until: likewise.
        time_type: of the times of events, `MOMENT` or `INTEGER`.
    """
    lives: dict[str, Life] = {}
    doubts = []
    for place, name in enumerate((since, until)):
        if name is None:
            continue
        unread: list[str] = []
        for id, text in zip(ids, columns[name].to_pylist(), strict=True):
            if id is None or text is None:
                continue
            point = integer_of(text) if time_type == INTEGER else date_of(text, is_end=place == 1)
            if point is None:
                unread.append(text)
            elif lives.setdefault(id, [None, None])[place] is None:
                lives[id][place] = point
        if unread:
            doubts.append(f"column {name}: {len(unread)} values are no dates, first {unread[0]!r}")
    return {id: life for id, life in lives.items() if life != [None, None]}, doubts


def date_of(text: str, *, is_end: bool) -> int | None:
    """The ordinal of a year, a date or a moment: where it begins, or its last moment (`is_end`)."""
    text = text.strip()
    year = integer_of(text)
    if year is not None:
        if not OLDEST <= year <= LATEST:
            return None
        return ordinal_of(datetime(year + is_end, 1, 1)) - is_end
    found = moment_of(text)
    for form in ENGLISH if found is None else ():
        try:
            found = ordinal_of(datetime.strptime(text, form))
        except ValueError:
            continue
    is_whole_day = found is not None and found % DAY == 0
    return found + DAY - 1 if found is not None and is_end and is_whole_day else found
