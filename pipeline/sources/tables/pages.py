"""Reads the sizes of a Parquet column's pages from their headers."""

import struct
from contextlib import suppress
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.sources.tables.thrift import NotThrift, ThriftReader

HEADER_BYTES = 256  # most are shorter; statistics may make one longer
MAX_HEADER_BYTES = 1 << 20
MAX_DICTIONARY_BYTES = 16 << 20  # a larger page is not opened: one value may fill it
DICTIONARY = 2
TYPE, SIZE, STORED_SIZE, DICTIONARY_HEADER = 1, 2, 3, 7  # fields of a header
BYTE_ARRAY, FIXED_LENGTH = 6, 7
CODECS = {0: "", 1: "snappy", 2: "gzip", 4: "brotli", 6: "zstd", 7: "lz4_raw"}


class Chunk(NamedTuple):
    """A column in a row group, as described in the footer."""

    path: str
    """Such as `image.bytes`."""
    type: int
    codec: str | None
    """Arrow's name for it; empty without compression, None if Arrow lacks it."""
    start: int
    stored: int
    num_nulls: int | None


class Page(NamedTuple):
    start: int
    """Offset of its content in the file, after the header."""
    stored: int
    """Bytes in the file."""
    size: int
    """Bytes once decompressed, which Arrow allocates."""
    num_values: int | None
    """Number of values of a dictionary; None for a page of rows."""


def read_chunks(footer: dict[int, Any]) -> list[list[Chunk]]:
    """The columns of each row group. Arrow's own view of them ends the process when damaged.

    Raises:
        ValueError: the footer is damaged in these places.
    """
    try:
        return [[_chunk(column) for column in group[1]] for group in footer.get(4, [])]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"a damaged description of row groups ({error})") from None


def _chunk(column: dict[int, Any]) -> Chunk:
    about = column[3]
    start, dictionary = about[9], about.get(11)
    return Chunk(
        path=b".".join(about[3]).decode("utf-8", "replace"),
        type=about[1],
        codec=CODECS.get(about[4]),
        start=min(filter(None, (start, dictionary)), default=0),  # some writers have 0 for none
        stored=about[7],
        num_nulls=about[12].get(3) if 12 in about else None,
    )


def read_pages(file: pa.NativeFile, chunk: Chunk) -> list[Page]:
    """The pages of a column in a row group.

    Raises:
        ValueError: a header is damaged, or a page leads outside the file.
    """
    start, end, pages = chunk.start, chunk.start + chunk.stored, []
    if not 0 <= start <= end <= file.size():
        raise ValueError("a column that lies outside of the file")
    while start < end:
        header, length = _read_header(file, start)
        stored, grown = header.get(STORED_SIZE), header.get(SIZE)
        if not isinstance(stored, int) or not isinstance(grown, int) or min(stored, grown) < 0:
            raise ValueError(f"a page without a size at byte {start}")
        is_dictionary = header.get(TYPE) == DICTIONARY
        about = header.get(DICTIONARY_HEADER)
        number = about.get(1, 0) if is_dictionary and isinstance(about, dict) else None
        pages.append(Page(start + length, stored, grown, number))
        start += length + stored
    return pages


def _read_header(file: pa.NativeFile, start: int) -> tuple[dict[int, Any], int]:
    length = HEADER_BYTES
    while True:
        reader = ThriftReader(bytes(file.read_at(min(length, file.size() - start), start)))
        try:
            return reader.struct(), reader.at
        except NotThrift:
            if length >= MAX_HEADER_BYTES:
                raise
            length *= 16


def largest_value(file: pa.NativeFile, chunk: Chunk, pages: list[Page]) -> int:
    """Bytes of the largest value that rows can share; that of the dictionary if unknown."""
    if chunk.type not in (BYTE_ARRAY, FIXED_LENGTH):
        return 8
    largest = 0
    for page in pages:
        if page.num_values is None:
            continue
        worst = page.size
        if chunk.type == FIXED_LENGTH:
            worst //= max(1, page.num_values)
        elif worst <= MAX_DICTIONARY_BYTES:
            with suppress(ValueError, pa.ArrowException, struct.error):
                data = bytes(file.read_at(page.stored, page.start))
                worst = min(worst, _largest_in(_decompressed(data, chunk.codec, worst)))
        largest = max(largest, worst)
    return largest


def _decompressed(data: bytes, codec: str | None, size: int) -> bytes:
    if codec is None:
        raise ValueError("unknown codec")
    return bytes(pa.Codec(codec).decompress(data, size, asbytes=True)) if codec else data


def _largest_in(values: bytes) -> int:
    """The length of the longest value, where each is written after its length."""
    at, largest = 0, 0
    while at < len(values):
        (length,) = struct.unpack_from("<I", values, at)
        largest = max(largest, length)
        at += 4 + length
    return largest
