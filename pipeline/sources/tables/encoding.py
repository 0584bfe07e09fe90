"""Detects the encoding of a text file from all of it, and opens it as UTF-8.

Files written by several programs have lines in two encodings: each line is read as UTF-8 if it is
valid, else as Windows-1252, if it looks like Western European text; other lines are refused.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runtime.errors import SourceError
from pipeline.sources.tables.limits import BLOCK_BYTES

Opener = Callable[[], Any]
"""Opens a file at its start, for bytes."""

UTF8, MIXED = "utf-8", "utf-8 and windows-1252"
WESTERN = "cp1252"
BOMS = {  # the longer ones first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Where other encodings have letters, Windows-1252 has signs, which do not appear before a letter or
# between two, and capitals, which do not appear among small letters.
ODD = re.compile(
    rb"[A-Za-z][\x82-\x84\x86-\x8b\x95\x98\x9b\xa1\xa2\xa4-\xa7\xa9\xac\xaf\xb1\xb3\xb6\xb9\xbc\xbe"
    rb"\xbf][A-Za-z]|[\x86-\x89\x98][A-Za-z]|[a-z][\x8a\x8c\x8e\x9f\xc0-\xd6\xd8-\xde][a-z]"
)
MAX_ODD = 0.05  # share of the lines that are not UTF-8
HIGH, RUN = re.compile(rb"[\x80-\xff]"), re.compile(rb"[\x80-\xff]{3,}")
MAX_SHOWN = 3
NO_TEXT = {
    b"\x1f\x8b": ("compressed by gzip", "unpack it: gunzip FILE"),
    b"BZh": ("compressed by bzip2", "unpack it: bunzip2 FILE"),
    b"\xfd7zX": ("compressed by xz", "unpack it: unxz FILE"),
    b"\x28\xb5\x2f\xfd": ("compressed by Zstandard", "unpack it: unzstd FILE"),
    b"\xd0\xcf\x11\xe0": ("a workbook of an old Excel (.xls)", "save its sheet as CSV UTF-8"),
    b"PAR1": ("Parquet", "call it .parquet"),
    b"SQLi": ("a database of SQLite", "export its table as CSV: sqlite3 -header -csv"),
}
"""Beginnings of files that are often taken for text; what they are, and the way to a table."""
MAX_NULS = 0.1  # share of bytes
MIN_NULS = 0.1  # share of the bytes of UTF-16, which has a NUL beside each ASCII character
MIN_NUMBER_OF_NULS = 8
SAMPLE_BYTES = 1 << 16
MAX_IN_RUNS = 0.3  # share of letters beyond ASCII that are three in a row; Cyrillic has most
FIX = (
    "add `dialect: {encoding: …}` to the catalog entry, such as windows-1251, shift_jis or "
    "gb18030; or save it as UTF-8"
)


@dataclass(frozen=True)
class Encoding:
    name: str = UTF8
    """Python's name for it, or MIXED."""
    num_western: int = 0
    """Lines that are not UTF-8."""
    first_western: int = 0
    all_western: bool = False
    """Whether no line with characters beyond ASCII is UTF-8."""

    def note(self) -> str | None:
        """A sentence for people; None for UTF-8."""
        if self.num_western:
            others = "; all others are" if not self.all_western else ""
            return (
                f"{self.num_western} lines are not UTF-8 and were read as Windows-1252, from line "
                f"{self.first_western} on{others}"
            )
        return None if self.name == UTF8 else f"read as {self.name}"


def find_encoding(open_file: Opener, where: str, given: str | None = None) -> Encoding:
    """Detect the encoding of a file from all of it.

    Raises:
        SourceError: its encoding cannot be told, is not the given one, or it is not text.
    """
    with open_file() as file:
        start = bytes(file.read(4))
        for beginning, (kind, fix) in NO_TEXT.items():
            if given is None and start.startswith(beginning):
                raise SourceError(f"{where} is {kind}, expected text", fix=fix)
        sample = start + bytes(file.read(SAMPLE_BYTES))
    name = given or next((name for bom, name in BOMS.items() if start.startswith(bom)), None)
    if name is None and len(start) >= 2 and start.count(0) == len(start) // 2:
        name = "utf-16-le" if start[1] == 0 else "utf-16-be"
    name = name or _utf16_without_bom(sample)
    if name is None or name.lower() in ("utf-8", "utf8", "utf-8-sig"):
        return _utf8_or_western(open_file, where, must_be_utf8=name is not None)
    try:
        if not codecs.lookup(name)._is_text_encoding:
            raise LookupError
        for text in _decoded(open_file, name):
            if b"\0" in text:
                raise SourceError(f"{where} has a NUL character", fix="save it as text")
    except LookupError:
        raise SourceError(
            f"{where}: there is no encoding {name}", fix="correct encoding:"
        ) from None
    except UnicodeError as error:
        raise SourceError(f"{where} is not in the encoding {name}: {error}", fix=FIX) from None
    return Encoding(name)


def _utf16_without_bom(sample: bytes) -> str | None:
    """UTF-16 by its line ends, delimiters and digits: one byte of each is NUL, always the same one.

    Text beyond ASCII has few of them, so their share says nothing.
    """
    sample = sample[: len(sample) // 2 * 2]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if bool(even) == bool(odd) or even + odd < max(MIN_NUMBER_OF_NULS, MIN_NULS * len(sample)):
        return None
    name = "utf-16-le" if odd else "utf-16-be"
    try:
        codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeError:
        return None
    return name


def open_as_utf8(open_file: Opener, encoding: Encoding) -> Any:
    """Open a file as UTF-8 without a byte order mark, for bytes."""
    if encoding.name == UTF8:
        file = open_file()
        start = bytes(file.read(3))
        if start != codecs.BOM_UTF8:
            file.seek(0)
        return file
    if encoding.name == MIXED:
        return _Blocks(map(_western_as_utf8, _blocks_of_lines(open_file)))
    return _Blocks(_decoded(open_file, encoding.name))


def _decoded(open_file: Opener, name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(name)()
    with open_file() as file:
        is_first = True
        while block := bytes(file.read(BLOCK_BYTES)):
            text = decoder.decode(block)
            yield (text.removeprefix("\ufeff") if is_first else text).encode()
            is_first = False
        yield decoder.decode(b"", final=True).encode()


def _blocks_of_lines(open_file: Opener) -> Iterator[bytes]:
    """Blocks that end where a line does, without a byte order mark."""
    with open_file() as file:
        rest = bytes(file.read(3))
        rest = rest.removeprefix(codecs.BOM_UTF8)
        while block := bytes(file.read(BLOCK_BYTES)):
            head, newline, tail = block.rpartition(b"\n")
            if not newline and len(rest) <= BLOCK_BYTES:
                rest += block
                continue
            yield rest + head + newline
            rest = tail
        yield rest


def _utf8_or_western(open_file: Opener, where: str, must_be_utf8: bool) -> Encoding:
    line, bad, first, num_utf8, high, in_runs, odd, is_western = 1, 0, 0, 0, 0, 0, 0, True
    for block in _blocks_of_lines(open_file):
        # One may be in a cell; several in a row, or many, are damage or another encoding.
        at = block.find(b"\0\0")
        if at < 0 and block.count(0) > MAX_NULS * len(block):
            at = block.find(0)
        if at >= 0:
            raise SourceError(
                f"{where} has NUL bytes in line {line + block.count(bytes([10]), 0, at)}",
                fix="it is damaged, or no text: save it as UTF-8",
            )
        if not _is_utf8(block):
            for number, text in enumerate(block.split(b"\n"), line):
                if text.isascii():
                    continue
                if _is_utf8(text):
                    num_utf8 += 1
                    continue
                bad, first = bad + 1, first or number
                high += len(HIGH.findall(text))
                in_runs += sum(map(len, RUN.findall(text)))
                odd += bool(ODD.search(text))
                is_western = is_western and _is_western(text)
        elif not block.isascii():
            num_utf8 += 1
        line += block.count(b"\n")
    if not bad:
        return Encoding()
    looks_western = is_western and odd <= MAX_ODD * bad and in_runs <= MAX_IN_RUNS * high
    if must_be_utf8 or not looks_western:
        also = "" if must_be_utf8 else ", nor does it look like Western European (Windows-1252)"
        raise SourceError(f"{where} cannot be read: line {first} is no UTF-8{also}", fix=FIX)
    return Encoding(MIXED, bad, first, all_western=not num_utf8)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_western(data: bytes) -> bool:
    try:
        data.decode(WESTERN)
    except UnicodeDecodeError:
        return False
    return True


def _western_as_utf8(block: bytes) -> bytes:
    if _is_utf8(block):
        return block
    return b"\n".join(
        line if _is_utf8(line) else line.decode(WESTERN).encode() for line in block.split(b"\n")
    )


class _Blocks(io.RawIOBase):
    """Blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return self._rest + b"".join(self._blocks)
        # The full size: pyarrow takes less as a block, and wants a row in each.
        while len(self._rest) < size and (block := next(self._blocks, None)) is not None:
            self._rest += block
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def mojibake(text: str) -> bool:
    """Whether a text is UTF-8 that some program decoded as Windows-1252: `cafÃ©`."""
    if text.isascii():
        return False
    try:
        data = b"".join(_byte(character) for character in text)
        return len(data.decode()) < len(data)
    except UnicodeError:
        return False


def notes_on_mojibake(texts: pa.ChunkedArray, column: str) -> list[str]:
    """A sentence with the number of texts that are `mojibake`, if any; they are left unchanged."""
    counts = pc.value_counts(texts.drop_null())
    found = {
        text: rows
        for text, rows in zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True)
        if mojibake(text)
    }
    if not found:
        return []
    return [
        f"{sum(found.values())} rows of column {column} have UTF-8 that was once read as "
        f"Windows-1252 and are left as they are: {', '.join(list(found)[:MAX_SHOWN])}"
    ]


def _byte(character: str) -> bytes:
    if ord(character) < 0xA0:
        return bytes([ord(character)])
    return character.encode(WESTERN)
