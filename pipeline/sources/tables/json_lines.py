"""JSON Lines as a table of text: an object a line, values exactly as written.

pyarrow reads files whose rows are alike. Values that it would change (numbers with a fraction, or
of more than 64 bits) or cannot read (values of several kinds, new keys) are read here line by line.
A deeply nested line, on which pyarrow would end the process, is refused before.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from pipeline.runtime.errors import SourceError
from pipeline.runtime.files import as_native
from pipeline.sources.tables.delimited import FOUND_BY_LOOKING, TextFormat
from pipeline.sources.tables.encoding import Encoding, Opener, find_encoding, open_as_utf8
from pipeline.sources.tables.limits import BLOCK_BYTES, MAX_COLUMNS, MAX_DEPTH, MAX_ROW_BYTES
from pipeline.sources.tables.records import BadRecord

SAMPLE_LINES = 100
TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
FIX = "write one JSON object in each line, as jq -c . FILE does, or jq -c '.[]' FILE of a list"


@dataclass(frozen=True)
class JsonLines:
    """A file of JSON Lines."""

    open: Opener
    where: str = "the file"
    """Its name in messages."""
    format: TextFormat = FOUND_BY_LOOKING

    @cached_property
    def encoding(self) -> Encoding:
        return find_encoding(self.open, self.where, self.format.encoding)

    @property
    def notes(self) -> list[str]:
        """Sentences on how it was read, where that is unusual."""
        return [note] if (note := self.encoding.note()) is not None else []

    @cached_property
    def num_rows(self) -> int:
        """Lines that are not blank.

        Raises:
            SourceError: one is too large or nested too deep.
        """
        return sum(len(lines) for lines in self._checked())

    def _checked(self) -> Iterator[list[tuple[int, bytes]]]:
        """Lines that are not blank, in blocks, each with its number."""
        try:
            with open_as_utf8(self.open, self.encoding) as file:
                for first, block in _blocks(file):
                    _check_depth(block, first)
                    yield [
                        (number, line)
                        for number, line in enumerate(block.split(b"\n"), first)
                        if line.strip()
                    ]
        except BadRecord as error:
            raise self._refusal(error) from None

    def _refusal(self, error: BadRecord) -> SourceError:
        return SourceError(f"{self.where} cannot be read: {error}", fix=FIX)

    @cached_property
    def _table(self) -> pa.Table | None:
        """The table as pyarrow reads it; None if it cannot read all of it."""
        if not self.num_rows:
            return pa.table({})
        sample = b"\n".join(line for _, line in next(self._checked())[:SAMPLE_LINES])
        try:
            found = pa.json.read_json(
                as_native(sample), pa.json.ReadOptions(block_size=len(sample) + 1)
            ).schema
            if len(found) > MAX_COLUMNS:
                return None
            schema = pa.schema([field.with_type(_as_text(field.type)) for field in found])
            table = pa.json.read_json(
                as_native(open_as_utf8(self.open, self.encoding)),
                pa.json.ReadOptions(block_size=BLOCK_BYTES),
                pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
            )
        except (pa.ArrowException, UnicodeError):
            return None
        return table if table.num_rows == self.num_rows else None

    @cached_property
    def names(self) -> list[str]:
        """The keys, in the order in which they come."""
        if self._table is not None:
            return list(self._table.column_names)
        names: dict[str, None] = {}
        for _, row in self._rows():
            names.update(dict.fromkeys(row))
        return list(names)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read columns as text, null where a row has no value or an empty one.

        Raises:
            SourceError: a line is not an object; a column has lists or objects.
        """
        table = self._table
        if table is None or any(_loses(table.schema.field(name).type) for name in columns):
            table = self._read_slowly(columns)
        for name in columns:
            if pa.types.is_nested(kind := table.schema.field(name).type):
                raise self._nested(str(kind), name)
        texts = [table[name].cast(pa.string()) for name in columns]
        nothing = pa.scalar(None, pa.string())
        return pa.table(
            [pc.if_else(pc.equal(text, ""), nothing, text) for text in texts], list(columns)
        )

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """See `read`."""
        yield from self.read(columns).to_batches()

    def _nested(self, kind: str, name: str) -> SourceError:
        return SourceError(
            f"{self.where} has {kind} in column {name}, expected a text or a number a row",
            fix="name another column in the catalog entry, under columns:",
        )

    def _read_slowly(self, columns: Sequence[str]) -> pa.Table:
        schema = pa.schema([(name, pa.string()) for name in columns])
        blocks: list[pa.RecordBatch] = []
        texts: dict[str, list[str | None]] = {name: [] for name in columns}
        for number, (_, row) in enumerate(self._rows(), 1):
            for name in columns:
                texts[name].append(self._text(row.get(name), name))
            if number % (1 << 16) == 0:
                blocks.append(pa.RecordBatch.from_pydict(texts, schema))
                texts = {name: [] for name in columns}
        blocks.append(pa.RecordBatch.from_pydict(texts, schema))
        return pa.Table.from_batches(blocks, schema)

    def _text(self, value: Any, name: str) -> str | None:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list | dict):
            raise self._nested("a list" if isinstance(value, list) else "an object", name)
        return None if value is None else str(value)

    def _rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Rows with their lines; numbers are texts as they are written."""
        names: set[str] = set()
        for lines in self._checked():
            for number, line in lines:
                try:
                    row = _object(line, number)
                except BadRecord as error:
                    raise self._refusal(error) from None
                names.update(row)
                if len(names) > MAX_COLUMNS:
                    raise self._refusal(BadRecord(number, f"is one key too many: {MAX_COLUMNS}"))
                yield number, row

    def line_of(self, row: int) -> int:
        """The line, from 1, in which a row is."""
        for lines in self._checked():
            if row < len(lines):
                return lines[row][0]
            row -= len(lines)
        raise AssertionError("no such row")


def _blocks(file: Any) -> Iterator[tuple[int, bytes]]:
    """Whole lines, each block with the number of its first.

    Raises:
        BadRecord: a line is larger than MAX_ROW_BYTES.
    """
    rest, line = b"", 1
    while block := bytes(file.read(BLOCK_BYTES)):
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            block, rest = rest + head, tail
            yield line, block
            line += block.count(b"\n") + 1
        else:
            rest += block
        if len(rest) > MAX_ROW_BYTES:
            raise BadRecord(line, f"has more than {MAX_ROW_BYTES} bytes")
    if rest:
        yield line, rest


def _check_depth(block: bytes, first: int) -> None:
    """
    Raises:
        BadRecord: a line has brackets in more than MAX_DEPTH others.
    """
    codes = np.frombuffer(block, np.uint8)
    opening = np.flatnonzero((codes | 32) == ord("{"))  # [ too
    if len(opening) <= MAX_DEPTH:
        return
    line = np.searchsorted(np.flatnonzero(codes == ord("\n")), opening)
    many = np.flatnonzero(np.bincount(line) > MAX_DEPTH)
    if not len(many):
        return
    lines = block.split(b"\n")
    for number in many.tolist():
        bare = np.frombuffer(TEXT.sub(b"", lines[number]), np.uint8) | 32
        depth = np.cumsum((bare == ord("{")).astype(np.int64) - (bare == ord("}")))
        if depth.max(initial=0) > MAX_DEPTH:
            raise BadRecord(first + number, f"is nested more than {MAX_DEPTH} deep")


def _object(line: bytes, number: int) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) < len(pairs):
            raise BadRecord(number, "has a key twice")
        return row

    try:
        row = json.loads(
            line, parse_int=str, parse_float=str, parse_constant=_constant, object_pairs_hook=unique
        )
        json.dumps(row, ensure_ascii=False).encode()
    except BadRecord:
        raise
    except UnicodeError:
        raise BadRecord(number, "has half a character") from None
    except (ValueError, RecursionError) as error:
        raise BadRecord(number, f"is no JSON: {error}") from None
    if not isinstance(row, dict):
        raise BadRecord(number, f"is a {type(row).__name__}, expected an object")
    return row


def _constant(name: str) -> str | None:
    """The value of `NaN`, `Infinity` or `-Infinity`, which are no JSON; NaN is a missing value."""
    return None if name == "NaN" else name


def _as_text(kind: pa.DataType) -> pa.DataType:
    """The type to read a column as: text that looks like a date is text."""
    return pa.string() if pa.types.is_timestamp(kind) or pa.types.is_null(kind) else kind


def _loses(kind: pa.DataType) -> bool:
    """Whether values of a type may differ from how they were written."""
    return not (
        pa.types.is_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_nested(kind)
    )
