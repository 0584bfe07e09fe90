"""Records of delimited text: where each begins, its number of fields, its quotes.

Files are scanned block by block with arrays, about as fast as they are read from memory.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.sources.tables.limits import BLOCK_BYTES, MAX_ROW_BYTES

DOUBLED, BACKSLASH, PLAIN = "doubled", "backslash", "none"
"""How quotes are used: they enclose fields, and one in a field is written as two, or after a
backslash; or they are ordinary characters."""
LF, CR, BLANK, QUOTE, ESCAPE = 10, 13, 32, 34, 92

Numbers = NDArray[np.int64]


class Dialect(NamedTuple):
    delimiter: str
    quotes: str = DOUBLED


class BadRecord(ValueError):
    """A record that cannot be read; `line` is its first, `reason` follows `line 3 `."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line} {reason}")
        self.line = line
        self.reason = reason


class Records(NamedTuple):
    """Consecutive records that are not blank, N of them."""

    block: bytes
    starts: Numbers
    """Offset of each in the block, `(N,)`."""
    ends: Numbers
    """Offset after its last character, without line end."""
    lines: Numbers
    """The line in which it begins, from 1."""
    fields: Numbers
    num_lines: Numbers
    """Lines that it spans, for a line feed in quotes; `(N,)`."""
    trailing: NDArray[np.bool_]
    """Whether it ends with a delimiter."""
    num_quoted: int
    """Quoted fields in all."""
    num_needed: int
    """Delimiters within quotes on one line, the reason to use quotes."""
    num_spaced: int
    """Quoted fields with blanks before their quote, as in `1, "a, b"`."""


def read_records(file: Any, dialect: Dialect) -> Iterator[Records]:
    """Find the records of a file of UTF-8.

    Raises:
        BadRecord: a quote is not closed, or a record is larger than MAX_ROW_BYTES.
    """
    rest, line = b"", 1
    while True:
        more = bytes(file.read(BLOCK_BYTES))
        block = rest + more
        if more:  # the next block may continue the last character
            cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, max(0, len(block) - 1))) + 1
        else:
            cut = len(block)
        used, records, num_lines = _records(block[:cut], dialect, line, is_last=not more)
        if len(records.starts):
            yield records
        line += num_lines
        rest = block[used:]
        if len(rest) > MAX_ROW_BYTES:
            raise BadRecord(line, f"has a row of more than {MAX_ROW_BYTES} bytes")
        if not more:
            return


def _records(block: bytes, dialect: Dialect, line: int, is_last: bool) -> tuple[int, Records, int]:
    """The whole records of a block, the bytes that they take, and their lines."""
    codes = np.frombuffer(block, np.uint8)
    ends = _line_ends(block, codes)
    quotes = _quotes(block, codes, dialect, line, ends, is_last)
    outside = ends[_is_outside(quotes, ends)]
    if is_last and (not len(outside) or outside[-1] != len(block) - 1) and len(block):
        outside = np.append(outside, len(block))  # the last line has no end
    used = min(int(outside[-1]) + 1, len(block)) if len(outside) else 0
    starts = np.concatenate([[0], outside[:-1] + 1]) if len(outside) else outside
    stops = outside.copy()
    if b"\r" in block and len(stops):
        before = codes[np.maximum(stops - 1, 0)] == CR
        at_feed = codes[np.minimum(stops, len(block) - 1)] == LF
        stops = stops - (before & at_feed & (stops > starts) & (stops < len(block)))
    delimiters = np.flatnonzero(codes == ord(dialect.delimiter))
    is_outside = _is_outside(quotes, delimiters)
    fields = np.diff(np.searchsorted(delimiters[is_outside], outside), prepend=0) + 1
    first = np.searchsorted(ends, starts)
    num_lines = np.searchsorted(ends, outside) - first + 1
    kept = np.flatnonzero(stops > starts)
    within = np.diff(np.searchsorted(delimiters[~is_outside], outside), prepend=0)
    records = Records(
        block,
        starts[kept],
        stops[kept],
        first[kept] + line,
        fields[kept],
        num_lines[kept],
        codes[stops[kept] - 1] == ord(dialect.delimiter) if len(kept) else kept == 1,
        len(quotes) // 2,
        int(within[num_lines == 1].sum()),
        int((codes[np.maximum(quotes[::2] - 1, 0)] == BLANK).sum()),
    )
    return used, records, int(np.searchsorted(ends, used))


def _line_ends(block: bytes, codes: NDArray[np.uint8]) -> Numbers:
    """Offsets of line ends: line feeds, and carriage returns not followed by one."""
    feeds = np.flatnonzero(codes == LF)
    if b"\r" not in block:
        return feeds
    returns = np.flatnonzero(codes == CR)
    follows = codes[np.minimum(returns + 1, len(codes) - 1)] == LF
    alone = returns[~follows]
    return np.sort(np.concatenate([feeds, alone])) if len(alone) else feeds


def _is_outside(quotes: Numbers, places: Numbers) -> NDArray[np.bool_]:
    if not len(quotes):
        return np.ones(len(places), bool)
    is_outside: NDArray[np.bool_] = np.searchsorted(quotes, places) % 2 == 0
    return is_outside


def _quotes(
    block: bytes,
    codes: NDArray[np.uint8],
    dialect: Dialect,
    line: int,
    ends: Numbers,
    is_last: bool,
) -> Numbers:
    """Quotes that open and close fields, in turn.

    Raises:
        BadRecord: an opening quote is not closed.
    """
    nothing = np.empty(0, np.int64)
    if dialect.quotes == PLAIN or b'"' not in block:
        return nothing
    quotes = np.flatnonzero(codes == QUOTE)
    if dialect.quotes == DOUBLED and not (is_last and len(quotes) % 2):
        around = [ord(dialect.delimiter), LF, CR, QUOTE]
        opening, closing = quotes[::2], quotes[1::2]
        before = np.isin(codes[np.maximum(opening - 1, 0)], around) | (opening == 0)
        after = np.isin(codes[np.minimum(closing + 1, len(codes) - 1)], around)
        if before.all() and (after | (closing == len(codes) - 1)).all():
            return quotes
    found, opened = _walk(block, quotes.tolist(), dialect)
    if opened is not None:
        start, is_wrong = opened
        if is_wrong or is_last:
            at = line + int(np.searchsorted(ends, start))
            raise BadRecord(at, "opens a quote that does not close")
        found.append(start)
    return np.array(found, np.int64)


def _walk(
    block: bytes, quotes: list[int], dialect: Dialect
) -> tuple[list[int], tuple[int, bool] | None]:
    """Pairs of quotes, and an unclosed one with whether text follows its apparent end."""
    around = {ord(dialect.delimiter), LF, CR}
    found: list[int] = []
    start: int | None = None
    skipped = -1
    for at in quotes:
        follows = block[at + 1] if at + 1 < len(block) else LF
        if at == skipped:
            continue
        if start is None:
            if _before(block, at) in around:
                start = at
        elif dialect.quotes == BACKSLASH and _is_escaped(block, at):
            continue
        elif dialect.quotes == DOUBLED and follows == QUOTE:
            skipped = at + 1
        elif _behind(block, at) in around:
            found += [start, at]
            start = None
        else:
            return found, (start, True)
    return found, None if start is None else (start, False)


def _before(block: bytes, at: int) -> int:
    """The character before a position and the blanks before it; a line feed at the start."""
    at -= 1
    while at >= 0 and block[at] == BLANK:
        at -= 1
    return block[at] if at >= 0 else LF


def _behind(block: bytes, at: int) -> int:
    at += 1
    while at < len(block) and block[at] == BLANK:
        at += 1
    return block[at] if at < len(block) else LF


def _is_escaped(block: bytes, at: int) -> bool:
    first = at
    while first and block[first - 1] == ESCAPE:
        first -= 1
    return (at - first) % 2 == 1


def split_fields(record: bytes, dialect: Dialect) -> list[str]:
    """Split one record into its fields, as text."""
    text = record.decode("utf-8", "replace")
    if dialect.quotes == PLAIN or '"' not in text:
        return text.split(dialect.delimiter)
    fields, at = [], 0
    while at <= len(text):
        field, at = _field(text, at, dialect)
        fields.append(field)
    return fields


def _field(text: str, at: int, dialect: Dialect) -> tuple[str, int]:
    """The field that begins at a position, and the position of the next one."""
    start = at
    while text[start : start + 1] == " ":
        start += 1
    if text[start : start + 1] == '"':
        at = start
    else:
        end = text.find(dialect.delimiter, at)
        end = len(text) if end < 0 else end
        return text[at:end], end + 1
    found: list[str] = []
    at += 1
    while at < len(text):
        character = text[at]
        if character == "\\" and dialect.quotes == BACKSLASH:
            at += 1
            character = text[at : at + 1]
        elif character == '"':
            if dialect.quotes == BACKSLASH or text[at + 1 : at + 2] != '"':
                break
            at += 1
        found.append(character)
        at += 1
    end = text.find(dialect.delimiter, at)
    end = len(text) if end < 0 else end
    return "".join(found) + text[at + 1 : end], end + 1
