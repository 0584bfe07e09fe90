"""One dialect for a whole file: its delimiter and its quotes."""

from collections.abc import Iterator
from typing import Any

from pipeline.sources.tables.layout import Counts, Opener, TooWide, count, find_layout
from pipeline.sources.tables.records import BACKSLASH, DOUBLED, PLAIN, BadRecord, Dialect

DELIMITERS = ",;\t|"
QUOTES = (DOUBLED, BACKSLASH, PLAIN)


def find_dialect(
    open_file: Opener,
    delimiter: str | None = None,
    quotes: str | None = None,
    has_header: bool = True,
) -> Counts:
    """Find the dialect in which names and rows match, or most records have as many fields.

    A delimiter or quotes that are given are not detected.

    Raises:
        BadRecord: quotes do not close, or may have swallowed rows.
    """
    best: tuple[Any, Dialect] | None = None
    errors: list[BadRecord] = []
    for candidate in _candidates(open_file, delimiter, quotes, errors):
        dialect = candidate.dialect
        usual, share = candidate.usual(), candidate.share()
        header = len(candidate.head[0][1]) if candidate.head else 0
        key = (
            usual > 1 and _fits(candidate, has_header),
            usual > 1 and share >= 0.5,
            share == 1,
            header == usual,
            round(share, 2),
            usual,
            -QUOTES.index(dialect.quotes),
        )
        if best is None or key > best[0]:
            best = key, dialect
    too_wide = next((error for error in errors if isinstance(error, TooWide)), None)
    if best is None or (too_wide is not None and not best[0][1]):
        raise too_wide or errors[0]
    return _whole(open_file, best[1], is_given=quotes is not None)


def _fits(counts: Counts, has_header: bool) -> bool:
    try:
        find_layout(counts, has_header, allow_titles=False)  # else a wrong delimiter fits more
    except BadRecord:
        return False
    return True


def _candidates(
    open_file: Opener, delimiter: str | None, quotes: str | None, errors: list[BadRecord]
) -> Iterator[Counts]:
    """Counts of the first block in each possible dialect; enclosing quotes come first.

    Errors of the other dialects are added to `errors`.
    """
    for sign in delimiter or DELIMITERS:
        for how in (quotes,) if quotes else QUOTES:
            try:
                counts = count(open_file, Dialect(sign, how), first_block=True)
            except BadRecord as error:
                errors.append(error)
                continue
            yield counts
            if how == DOUBLED:
                break  # they close: no need to try others


def _whole(open_file: Opener, dialect: Dialect, is_given: bool) -> Counts:
    """Count the records of the whole file, with other quotes if these do not close.

    Raises:
        BadRecord: see `find_dialect`.
    """
    error: BadRecord | None = None
    for quotes in (dialect.quotes,) if is_given else QUOTES:
        try:
            counts = count(open_file, Dialect(dialect.delimiter, quotes))
        except BadRecord as found:
            error = error or found
            continue
        if is_given or (quotes == DOUBLED and not counts.is_doubtful):
            return counts
        if quotes == DOUBLED:
            assert counts.first_doubtful is not None
            raise BadRecord(
                counts.first_doubtful, "opens a quote that closes lines later, or never"
            )
        if error is not None and len(counts.fields) == 1 and not _are_enclosed(counts):
            return counts
    assert error is not None
    raise error


def _are_enclosed(counts: Counts) -> bool:
    """Whether most of the fields that begin with a quote also end with one."""
    if counts.dialect.quotes != PLAIN:
        return False
    fields = [text for _, record in counts.head for text in record if text.startswith('"')]
    return 2 * sum(len(text) > 1 and text.endswith('"') for text in fields) > len(fields)
