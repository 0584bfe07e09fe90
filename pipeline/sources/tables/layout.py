"""Counts over the records of a file, and which records are names and which are rows."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.sources.tables.limits import MAX_COLUMNS
from pipeline.sources.tables.records import BadRecord, Dialect, Records, read_records, split_fields

HEAD_RECORDS = 200  # parsed one by one
MAX_UNIT = 12  # characters of a unit
GAPS = {"?", "-", ".", "na", "n/a", "nan", "null", "none", "unknown", "missing"}
SEPARATOR_LINE = "sep="  # a spreadsheet's first line
MAX_TITLES = 20  # lines of free text before the header
INVISIBLE = "\ufeff\u200b\u2060"  # around names, as of a file that was given a second BOM

Opener = Callable[[], Any]


class TooWide(BadRecord):
    """A record of more than MAX_COLUMNS values, or a wrong delimiter."""


@dataclass
class Counts:
    """Counts over all records of a file."""

    dialect: Dialect
    records: int = 0
    fields: Counter[int] = field(default_factory=Counter)
    first_lines: dict[int, int] = field(default_factory=dict)
    """The line of the first record after the head, by number of fields."""
    trailing: Counter[int] = field(default_factory=Counter)
    """Records that end with a delimiter, by their number of fields."""
    head: list[tuple[int, list[str]]] = field(default_factory=list)
    """The first records, each with its line."""
    num_multiline: int = 0
    first_doubtful: int | None = None
    """The line of the first record that spans several lines which all look like rows."""
    num_quoted: int = 0
    num_needed: int = 0
    num_spaced: int = 0
    """Quoted fields with blanks before their quote."""

    def usual(self) -> int:
        """The number of fields that most records have."""
        return max(self.fields, key=lambda n: (self.fields[n], n), default=0)

    def share(self) -> float:
        return self.fields[self.usual()] / max(1, self.records)

    def add(self, found: Records) -> None:
        if (widest := int(found.fields.max())) > MAX_COLUMNS:
            line = int(found.lines[found.fields.argmax()])
            raise TooWide(line, f"has {widest} values, more than {MAX_COLUMNS}")
        for record in range(min(HEAD_RECORDS - len(self.head), len(found.lines))):
            text = found.block[found.starts[record] : found.ends[record]]
            self.head.append((int(found.lines[record]), split_fields(text, self.dialect)))
        values, first, counts = np.unique(found.fields, return_index=True, return_counts=True)
        for value, place, number in zip(values.tolist(), first, counts.tolist(), strict=True):
            self.fields[value] += number
            self.first_lines.setdefault(value, int(found.lines[place]))
        values, counts = np.unique(found.fields[found.trailing], return_counts=True)
        self.trailing.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        self.records += len(found.lines)
        self.num_quoted += found.num_quoted
        self.num_needed += found.num_needed
        self.num_spaced += found.num_spaced
        for record in np.flatnonzero(found.num_lines > 1).tolist():
            self.num_multiline += 1
            if self.first_doubtful is None and self._is_doubtful(found, record):
                self.first_doubtful = int(found.lines[record])

    def _is_doubtful(self, found: Records, record: int) -> bool:
        text = found.block[found.starts[record] : found.ends[record]]
        fields = int(found.fields[record])
        delimiter = self.dialect.delimiter.encode()
        return fields > 1 and all(
            line.count(delimiter) == fields - 1 for line in text.splitlines() if line
        )

    @property
    def is_doubtful(self) -> bool:
        """Whether quotes may have swallowed rows: nothing else shows that they enclose fields."""
        return (
            self.first_doubtful is not None
            and not self.num_needed
            and 2 * self.num_quoted < self.records
        )


def count(open_file: Opener, dialect: Dialect, first_block: bool = False) -> Counts:
    """Count the records of a file.

    Raises:
        BadRecord: it cannot be read in this dialect.
    """
    counts = Counts(dialect)
    with open_file() as file:
        for found in read_records(file, dialect):
            counts.add(found)
            if first_block:
                break
    return counts


@dataclass
class Layout:
    """The names of columns, and where the rows begin."""

    names: list[str]
    width: int
    """Fields of a row, some of which may have no name."""
    skipped_lines: int
    """Before the first row."""
    num_rows: int
    first_row: int
    """Records before it."""
    notes: list[str]


def find_layout(counts: Counts, has_header: bool = True, allow_titles: bool = True) -> Layout:
    """Tell header and rows from other records around them.

    With `allow_titles` lines of free text may come before the header.

    Raises:
        BadRecord: rows have more or fewer values than the header has names.
    """
    at, notes = _preamble(counts, allow_titles)
    head, usual = counts.head, counts.usual()
    rest = Counter(counts.fields)
    for _, fields in head[:at]:
        rest[len(fields)] -= 1
    if not has_header:
        names, first = [str(number) for number in range(usual)], at
    elif at >= len(head):
        return Layout([], 0, 0, 0, at, notes)
    else:
        names, first = [name.strip(INVISIBLE).strip() for name in head[at][1]], at + 1
        rest[len(names)] -= 1
    width = len(names)
    if has_header and _is_units(head, first, width):
        units = head[first]
        notes.append(
            f"line {units[0]} has units and is no row: {', '.join(filter(None, units[1]))}"
        )
        rest[len(units[1])] -= 1
        first += 1
    rest = +rest
    if set(rest) == {width + 1} and counts.trailing[width + 1] == rest[width + 1]:
        notes.append(f"each row ends with a delimiter: its value {width + 1} is empty and left out")
        width += 1
    _refuse_ragged(counts, rest, width, at, has_header)
    skipped = head[first][0] - 1 if first < len(head) else 0
    return Layout(names, width, skipped, rest.total(), first, notes)


def _preamble(counts: Counts, allow_titles: bool) -> tuple[int, list[str]]:
    """The number of records before the header, and a sentence about them."""
    at, notes = 0, []
    while at < len(counts.head):
        line, fields = counts.head[at]
        first = fields[0].strip()
        is_comment = first.startswith("#") and (
            len(fields) != counts.usual() or first[1:2] in ("", " ", "#", "\t")
        )
        is_separator = at == 0 and first.lower().startswith(SEPARATOR_LINE)
        if not is_comment and not is_separator:
            break
        notes.append(f"line {line} is no row: {counts.dialect.delimiter.join(fields)[:60]}")
        at += 1
    num_titles = _num_titles(counts, at) if allow_titles else 0
    for line, fields in counts.head[at : at + num_titles]:
        notes.append(f"line {line} is no row: {counts.dialect.delimiter.join(fields)[:60]}")
        at += 1
    return at, notes


def _num_titles(counts: Counts, at: int) -> int:
    """The number of records from `at` on that are titles: one text each, before a full header."""
    width = counts.usual()
    if width < 2:
        return 0
    for number, (_, fields) in enumerate(counts.head[at : at + MAX_TITLES + 1]):
        texts = [text for text in fields if text.strip()]
        if len(fields) == width and len(texts) == width:
            return number
        if len(texts) > 1 or len(fields) not in (1, width):
            return 0
    return 0


def _is_units(head: list[tuple[int, list[str]]], first: int, width: int) -> bool:
    """Whether a record has units: short texts, each in a column of numbers."""
    rows = [fields for _, fields in head[first + 1 :]]
    if first >= len(head) or len(rows) < 3:
        return False
    units = [text.strip() for text in head[first][1][:width]]
    there = [number for number, text in enumerate(units) if text]
    if not there or any(
        len(units[n]) > MAX_UNIT or _is_number(units[n]) or units[n].lower() in GAPS for n in there
    ):
        return False
    return all(
        all(_is_number(row[n]) for row in rows if n < len(row) and row[n].strip())
        and any(row[n].strip() for row in rows if n < len(row))
        for n in there
    )


def _is_number(text: str) -> bool:
    try:
        float(text.strip().replace(",", "."))
    except ValueError:
        return False
    return True


def _refuse_ragged(
    counts: Counts, rest: Counter[int], width: int, at: int, has_header: bool
) -> None:
    others = {number: rows for number, rows in rest.items() if number != width}
    if not others:
        return
    line, number = min((counts.first_lines[number], number) for number in others)
    if has_header and width not in rest:
        header = counts.head[at][0]
        raise BadRecord(
            header,
            f"has {width} names, line {line} {number} values; so have {others[number]} of "
            f"{rest.total()} rows",
        )
    more = sum(others.values()) - 1
    raise BadRecord(
        line, f"has {number} values, expected {width}" + (f"; so have {more} more" if more else "")
    )
