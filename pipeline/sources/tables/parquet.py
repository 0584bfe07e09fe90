"""Untrusted Parquet files: bounds on depth, width, pages and rows before Arrow reads them.

Rows can share one value of a dictionary, so that 80 KB hold 20,000 images of 80 KB; pages of zeros
shrink a thousand times. As with archives, content far larger than its file is refused.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.runtime.errors import SourceError
from pipeline.sources.places.trees import GROWTH_FREE_BYTES, MAX_GROWTH
from pipeline.sources.tables.limits import (
    BATCH_BYTES,
    MAX_COLUMNS,
    MAX_DEPTH,
    MAX_FOOTER_BYTES,
)
from pipeline.sources.tables.pages import Chunk, largest_value, read_chunks, read_pages
from pipeline.sources.tables.thrift import NotThrift, ThriftReader

MAGIC = b"PAR1"
ROWS_AT_ONCE = 1 << 16
TAIL_BYTES = 8  # the length of the footer, and MAGIC
OF_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_binary_view,
)


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file, read within bounds."""

    source: Any
    """Its path, or an open `pa.NativeFile`."""
    where: str
    """Its name in messages."""

    @cached_property
    def _input(self) -> pa.NativeFile:
        try:
            is_open = isinstance(self.source, pa.NativeFile)
            return self.source if is_open else pa.OSFile(str(self.source))
        except OSError as error:
            self._refuse(error)

    @cached_property
    def _size(self) -> int:
        return int(self._input.size())

    @cached_property
    def file(self) -> pq.ParquetFile:
        """The file with its footer read.

        Raises:
            SourceError: it is not Parquet, damaged, encrypted, too wide or nested too deep.
        """
        self._check_schema()
        try:
            return pq.ParquetFile(self._input)
        except (pa.ArrowException, OSError, ValueError, MemoryError, RecursionError) as error:
            self._refuse(error)

    @property
    def schema(self) -> pa.Schema:
        return self.file.schema_arrow

    @property
    def names(self) -> list[str]:
        return list(self.schema.names)

    @property
    def notes(self) -> list[str]:
        return []

    @property
    def num_rows(self) -> int:
        return int(self.file.metadata.num_rows)

    def num_nulls(self, leaf: str) -> int | None:
        """Number of null values, if the file has it; `leaf` is a path such as `image.bytes`."""
        chunks = [chunk for group in self._chunks for chunk in group if chunk.path == leaf]
        counts = [chunk.num_nulls for chunk in chunks]
        return sum(filter(None, counts)) if counts and None not in counts else None

    @cached_property
    def _chunks(self) -> list[list[Chunk]]:
        try:
            return read_chunks(ThriftReader(self._footer).struct())
        except ValueError as error:
            self._refuse(error)

    def batches(self, columns: Sequence[str], rows: int = ROWS_AT_ONCE) -> Iterator[pa.RecordBatch]:
        """Read columns in batches of at most `rows` rows, text checked to be UTF-8; NaN is null.

        A column may be `image.path`, a field of a struct.

        Raises:
            SourceError: it is damaged, has two columns of one name, or grows too much.
        """
        schema, position, room = self.schema, 0, self._growth_limit
        names = schema.names
        for name in {name if name in names else name.partition(".")[0] for name in columns}:
            if (number := schema.names.count(name)) != 1:
                raise SourceError(
                    f"{self.where} has {number or 'no'} columns called {name}",
                    fix="rename them, so that each column has a name of its own",
                )
        try:
            rows = min(rows, self._rows_within_bounds(columns))
            for batch in self.file.iter_batches(rows, columns=list(columns)):
                room -= batch.nbytes
                if room < 0:
                    raise self._grown(f"in its first {position + batch.num_rows} rows")
                _check_text(batch)
                yield _without_nan(batch)
                position += batch.num_rows
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            self._refuse(error, f"after row {position}")
        if position != self.num_rows:
            raise SourceError(
                f"{self.where} has {position} rows, but says that it has {self.num_rows}",
                fix="fetch it again",
            )

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read columns as a table; see `batches`."""
        fields = [self.schema.field(name) for name in columns if self._has(name)]
        schema = pa.schema(
            [f.with_nullable(True) if pa.types.is_floating(f.type) else f for f in fields]
        )
        return pa.Table.from_batches(
            [batch.select(list(columns)) for batch in self.batches(columns)],
            schema.remove_metadata(),
        )

    def _has(self, name: str) -> bool:
        return list(self.schema.names).count(name) == 1

    @property
    def _growth_limit(self) -> int:
        return GROWTH_FREE_BYTES + MAX_GROWTH * self._size

    def _grown(self, how: str) -> SourceError:
        return SourceError(
            f"{self.where} has {self._size} bytes, and holds more than {self._growth_limit} {how}",
            fix="if it is meant to, write it without compression and dictionary",
        )

    def _refuse(self, error: BaseException, when: str = "") -> NoReturn:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise SourceError(
            f"{self.where} is damaged {when}: {reason}"
            if when
            else f"{self.where} is no readable Parquet file: {reason}",
            fix="fetch it again",
        ) from None

    def _rows_within_bounds(self, columns: Sequence[str]) -> int:
        """Number of rows that may be read at once, even if they share values.

        Raises:
            SourceError: pages would grow too much when they are decompressed.
        """
        total, largest = 0, 1
        wanted = {*columns}
        for group in self._chunks:
            of_group = 0
            for chunk in group:
                parts = chunk.path.split(".")
                if not any(".".join(parts[:end]) in wanted for end in range(1, len(parts) + 1)):
                    continue
                pages = read_pages(self._input, chunk)
                total += sum(page.size for page in pages)
                of_group += largest_value(self._input, chunk, pages)
            largest = max(largest, of_group)
            if total > self._growth_limit:
                raise self._grown("once decompressed")
        return max(1, BATCH_BYTES // largest)

    def _check_schema(self) -> None:
        """Refuse a footer or a schema for which Arrow would use all memory or its stack.

        Raises:
            SourceError: see above; or the file is no Parquet file.
        """
        try:
            elements = ThriftReader(self._footer).struct(last_field=2).get(2, [])
            if not isinstance(elements, list):
                raise NotThrift("a schema that is none")
            if len(elements) > MAX_COLUMNS:
                raise NotThrift(f"{len(elements)} columns, more than {MAX_COLUMNS}")
            if _depth(elements) > MAX_DEPTH:
                raise NotThrift(f"types nested more than {MAX_DEPTH} deep")
        except NotThrift as error:
            self._refuse(error)

    @cached_property
    def _footer(self) -> bytes:
        try:
            if self._size < 2 * TAIL_BYTES:
                raise NotThrift(f"{self._size} bytes")
            tail = self._at(self._size - TAIL_BYTES, TAIL_BYTES)
            if tail[4:] == b"PARE":
                raise NotThrift("it is encrypted, which is not supported")
            if tail[4:] != MAGIC:
                raise NotThrift("its end is missing")
            (length,) = struct.unpack_from("<I", tail)
            if length > min(self._size - TAIL_BYTES, MAX_FOOTER_BYTES):
                raise NotThrift(f"a footer of {length} bytes")
            return self._at(self._size - TAIL_BYTES - length, length)
        except (NotThrift, OSError, pa.ArrowException) as error:
            self._refuse(error)

    def _at(self, start: int, length: int) -> bytes:
        return bytes(self._input.read_at(length, start))


def _depth(elements: list[Any]) -> int:
    """How deep a schema is nested, as the file lists it: each element before its children."""
    deepest, open_children = 0, [1]
    for element in elements:
        while open_children and not open_children[-1]:
            open_children.pop()
        if not open_children or not isinstance(element, dict):
            raise NotThrift("a schema that is none")
        open_children[-1] -= 1
        children = element.get(5, 0)  # num_children
        if not isinstance(children, int) or not 0 <= children <= len(elements):
            raise NotThrift("a schema that is none")
        open_children.append(children)
        deepest = max(deepest, len(open_children))
        if deepest > 2 * MAX_DEPTH:
            break
    return deepest - 1


def _without_nan(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Null for NaN, with which pandas writes a missing value of a column of numbers."""
    for place, field in enumerate(batch.schema):
        if pa.types.is_floating(field.type):
            values = batch.column(place)
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, field.type), values)
            batch = batch.set_column(place, field.with_nullable(True), values)
    return batch


def _check_text(batch: pa.RecordBatch) -> None:
    """
    Raises:
        ValueError: a text is not UTF-8.
    """
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowException:
            raise ValueError(f"column {name} has a text that is no UTF-8") from None


def is_one_value(kind: pa.DataType) -> bool:
    """Whether values of a type are texts, numbers, dates or the like: neither nested nor bytes."""
    if isinstance(kind, pa.BaseExtensionType):
        return is_one_value(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return is_one_value(kind.value_type)
    if any(is_of_bytes(kind) for is_of_bytes in OF_BYTES):
        return False
    try:
        pa.nulls(0, kind).cast(pa.string())
    except pa.ArrowNotImplementedError:
        return False
    return True
