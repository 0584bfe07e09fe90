"""Delimited text: a table as CSV or TSV, with its columns' names in the first row."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.csv

DELIMITERS = ",;\t"
START_BYTES = 64 << 10  # hold the header
BLOCK_BYTES = 8 << 20  # a row may be as large
ENCODING = "utf-8-sig"


@dataclass(frozen=True)
class DelimitedText:
    """A file of delimited text."""

    open: Callable[[], Any]
    """Opens it at its start, for bytes."""

    @cached_property
    def start(self) -> bytes:
        """The first START_BYTES."""
        with self.open() as file:
            return bytes(file.read(START_BYTES))

    @cached_property
    def delimiter(self) -> str:
        """The one of DELIMITERS that the first line has most often; a comma where it has none."""
        first = self.start.partition(b"\n")[0].decode(ENCODING, "replace")
        return max(DELIMITERS, key=first.count)

    def header(self, errors: str = "strict") -> list[str]:
        """Names of the columns.

        Raises:
            UnicodeDecodeError: the first line is no UTF-8, unless `errors` is `replace`.
        """
        self.start.partition(b"\n")[0].decode(ENCODING, errors)
        text = io.StringIO(self.start.decode(ENCODING, "replace"), newline="")
        return next(filter(None, csv.reader(text, delimiter=self.delimiter)), [])

    def arrow_options(self, columns: Sequence[str]) -> dict[str, Any]:
        """Options with which pyarrow.csv reads `columns` as text, null where a cell is empty."""
        return {
            "read_options": pa.csv.ReadOptions(block_size=BLOCK_BYTES),
            "parse_options": pa.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            "convert_options": pa.csv.ConvertOptions(
                include_columns=columns,
                # As text: `007` is a name, and `nan` may be a class.
                column_types=dict.fromkeys(columns, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        }

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Rows that are not blank, the header first, each with the number of its first line.

        Raises:
            csv.Error: a value is larger than `csv.field_size_limit()`.
        """
        with io.TextIOWrapper(self.open(), ENCODING, errors="replace", newline="") as text:
            reader = csv.reader(text, delimiter=self.delimiter)
            before = 0
            for values in reader:
                if values:
                    yield before + 1, values
                before = reader.line_num

    def line_of(self, row: int) -> int:
        """The line, from 1, in which a row begins; row 0 follows the header."""
        return next(line for number, (line, _) in enumerate(self.rows()) if number == row + 1)

    def first_bad_line(self) -> str | None:
        """Say what is wrong in which line; None where that cannot be told."""
        if (bad := self._first_line_not_utf8()) is not None:
            return f"line {bad} is no UTF-8"
        line = 0
        try:
            rows = self.rows()
            _, header = next(rows, (1, []))
            for line, values in rows:
                if len(values) != len(header):
                    return f"line {line} has {len(values)} values, expected {len(header)}"
        except csv.Error as error:
            return f"after line {line}: {error}"
        return None

    def _first_line_not_utf8(self) -> int | None:
        decoder = codecs.getincrementaldecoder("utf-8")()
        line = 1
        with self.open() as file:
            try:
                while block := file.read(BLOCK_BYTES):
                    decoder.decode(block)
                    line += block.count(b"\n")
                decoder.decode(b"", final=True)
            except UnicodeDecodeError as error:  # its object begins with what was left undecoded
                return line + error.object[: error.start].count(b"\n")
        return None
