"""Delimited text as a table of text: cells exactly as written.

One dialect for the whole file is found from all of it and reported; every line is accounted for.
Ambiguous files are refused, with the line and the key of the entry that decides. pyarrow parses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pipeline.runtime.errors import SourceError
from pipeline.runtime.files import as_native
from pipeline.sources.tables.dialect import find_dialect
from pipeline.sources.tables.encoding import Encoding, Opener, find_encoding, open_as_utf8
from pipeline.sources.tables.layout import INVISIBLE, Counts, Layout, find_layout
from pipeline.sources.tables.limits import BLOCK_BYTES
from pipeline.sources.tables.records import (
    BACKSLASH,
    DOUBLED,
    PLAIN,
    BadRecord,
    read_records,
    split_fields,
)

FIX = "give each row as many values as there are columns, and close or double quotes"
QUOTES_FIX = (
    "close it, or double it within a field; or add `dialect: {quotes: none}` to the catalog entry, "
    "where quotes are characters like others"
)
MAX_COMPARED = 3  # rows with a name of a column in them, compared with all the names
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class TextFormat(NamedTuple):
    """The format of a text file as a person gave it; None is detected."""

    encoding: str | None = None
    delimiter: str | None = None
    quotes: str | None = None
    header: bool = True


FOUND_BY_LOOKING = TextFormat()


@dataclass(frozen=True)
class DelimitedText:
    """A file of delimited text."""

    open: Opener
    where: str = "the file"
    """Its name in messages."""
    format: TextFormat = FOUND_BY_LOOKING

    @cached_property
    def encoding(self) -> Encoding:
        return find_encoding(self.open, self.where, self.format.encoding)

    def _open(self) -> Any:
        return open_as_utf8(self.open, self.encoding)

    @cached_property
    def counts(self) -> Counts:
        """
        Raises:
            SourceError: it is in no dialect.
        """
        try:
            return find_dialect(
                self._open, self.format.delimiter, self.format.quotes, self.format.header
            )
        except BadRecord as error:
            raise self._refusal(error) from None

    @cached_property
    def layout(self) -> Layout:
        """
        Raises:
            SourceError: rows and names do not match.
        """
        try:
            return find_layout(self.counts, self.format.header)
        except BadRecord as error:
            raise self._refusal(error) from None

    def _refusal(self, error: BadRecord) -> SourceError:
        is_quote = "quote" in error.reason
        return SourceError(
            f"{self.where} cannot be read: {error}", fix=QUOTES_FIX if is_quote else FIX
        )

    @property
    def names(self) -> list[str]:
        """Names of the columns; empty for one without."""
        return self.layout.names

    @property
    def num_rows(self) -> int:
        return self.layout.num_rows

    @cached_property
    def notes(self) -> list[str]:
        """Sentences on how it was read, where that is unusual."""
        dialect, notes = self.counts.dialect, list(self.layout.notes)
        if (about := self.encoding.note()) is not None:
            notes.append(about)
        if dialect.delimiter != "," and self.format.delimiter is None:
            notes.append(f"values are separated by {NAMES.get(dialect.delimiter)}")
        if dialect.quotes == PLAIN and self.format.quotes is None:
            notes.append("quotes are characters like others: some do not close")
        if dialect.quotes == BACKSLASH and self.format.quotes is None:
            notes.append("a quote in a field is written after a backslash")
        if self.counts.num_spaced:
            notes.append("blanks before quotes are left out")
        if self.counts.num_multiline:
            notes.append(f"{self.counts.num_multiline} rows span several lines, in quotes")
        if (nameless := [n for n, name in enumerate(self.names, 1) if not name]) and self.num_rows:
            notes.append(f"columns without a name are left out: {', '.join(map(str, nameless))}")
        return notes

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read columns as text, null where a cell is empty.

        Raises:
            SourceError: there are two columns of a name, or it cannot be read.
        """
        numbers = [str(self._number(name)) for name in columns]
        if not self.num_rows or not columns:  # pyarrow would read all of them
            return _schema(columns).empty_table()
        if self.counts.num_spaced:
            return pa.Table.from_batches(self.batches(columns), _schema(columns))
        try:
            table = pa.csv.read_csv(as_native(self._open()), *self._options(numbers))
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise self._damaged(error) from None
        self._check_number(table.num_rows)
        table = table.rename_columns(list(columns))
        self._refuse_names_again(table, 0)
        return table

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read columns in batches; see `read`."""
        numbers = [str(self._number(name)) for name in columns]
        num, schema = 0, _schema(columns)
        if not self.num_rows or not columns:
            return
        try:
            batches = (
                self._spaced(columns, schema)
                if self.counts.num_spaced
                else pa.csv.open_csv(as_native(self._open()), *self._options(numbers))
            )
            for batch in batches:
                batch = pa.RecordBatch.from_arrays(batch.columns, schema=schema)
                self._refuse_names_again(batch, num)
                num += batch.num_rows
                yield batch
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise self._damaged(error) from None
        self._check_number(num)

    def _spaced(self, columns: Sequence[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Batches of a file with blanks before quotes, which pyarrow takes as part of the cell.

        It is slower: each record is split here.
        """
        numbers, to_skip = [self._number(name) for name in columns], self.layout.first_row
        with self._open() as file:
            for found in read_records(file, self.counts.dialect):
                places = list(zip(found.starts, found.ends, strict=True))[to_skip:]
                to_skip = max(0, to_skip - len(found.starts))
                rows = [split_fields(found.block[a:b], self.counts.dialect) for a, b in places]
                texts = [[row[number] or None for row in rows] for number in numbers]
                yield pa.RecordBatch.from_arrays(
                    [pa.array(t, pa.string()) for t in texts], schema=schema
                )

    def _refuse_names_again(self, rows: pa.Table | pa.RecordBatch, first: int) -> None:
        """
        Raises:
            SourceError: a row has the names of the columns, as where files were joined.
        """
        if len(self.names) < 2 or not self.format.header or not rows.num_columns:
            return
        name = rows.schema.names[-1]  # a byte order mark before the first one may be there again
        alike = np.flatnonzero(pc.fill_null(pc.equal(rows[name], name), False))
        for row in alike[:MAX_COMPARED].tolist():
            line, texts = self._record(first + row)
            if [text.strip(INVISIBLE).strip() for text in texts][: len(self.names)] == self.names:
                raise SourceError(
                    f"{self.where} cannot be read: line {line} has the names of the columns again",
                    fix=f"remove line {line}, and any other such line: files were joined with "
                    "their headers",
                )

    def _damaged(self, error: Exception) -> SourceError:
        reason = " ".join(str(error).split())[:300]
        return SourceError(f"{self.where} cannot be read: {reason}", fix=FIX)

    def _check_number(self, num: int) -> None:
        if num != self.num_rows:  # every line is accounted for
            raise SourceError(
                f"{self.where} has {self.num_rows} rows, of which {num} were read", fix=FIX
            )

    def _options(self, numbers: list[str]) -> tuple[Any, Any, Any]:
        dialect, layout = self.counts.dialect, self.layout
        return (
            pa.csv.ReadOptions(
                block_size=BLOCK_BYTES,
                skip_rows=layout.skipped_lines,
                column_names=[str(number) for number in range(layout.width)],
            ),
            pa.csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=False if dialect.quotes == PLAIN else '"',
                double_quote=dialect.quotes == DOUBLED,
                escape_char="\\" if dialect.quotes == BACKSLASH else False,
                newlines_in_values=self.counts.num_multiline > 0,
            ),
            pa.csv.ConvertOptions(
                include_columns=numbers,
                # As text: `007` is a name, and `nan` may be a class.
                column_types=dict.fromkeys(numbers, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )

    def _number(self, name: str) -> int:
        if (number := self.names.count(name)) != 1:
            raise SourceError(
                f"{self.where} has {number or 'no'} columns called {name}",
                fix="give each column a name of its own",
            )
        return self.names.index(name)

    def line_of(self, row: int) -> int:
        """The line, from 1, in which a row begins; row 0 is the first after the header."""
        return self._record(row)[0]

    def _record(self, row: int) -> tuple[int, list[str]]:
        """The line in which a row begins, and its cells."""
        record = row + self.layout.first_row
        with self._open() as file:
            for found in read_records(file, self.counts.dialect):
                if record < len(found.lines):
                    text = found.block[found.starts[record] : found.ends[record]]
                    return int(found.lines[record]), split_fields(text, self.counts.dialect)
                record -= len(found.lines)
        raise AssertionError("no such row")


def _schema(columns: Sequence[str]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in columns])
