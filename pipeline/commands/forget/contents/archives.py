"""Opens archives and compressed files, also nested, within bounds."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, NamedTuple, cast

import pyarrow as pa

from pipeline.sources.places.trees import GROWTH_FREE_BYTES, MAX_GROWTH

MAX_DEPTH = 4
IN_MEMORY_BYTES = 16 << 20
BLOCK_BYTES = 1 << 20
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
CLOSED = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR", b"MSCF": "CAB"}
"""Kinds that cannot be opened here."""


class NotOpened(Exception):
    """Why the content of a file is unknown."""


class Inside(NamedTuple):
    """A file in another."""

    name: str
    file: BinaryIO


def kind_of(start: bytes) -> str:
    """The kind of an archive, by its first 512 bytes; empty if it is none."""
    if start.startswith(ZIP):
        return "zip"
    if start[257:262] == b"ustar":
        return "tar"
    for magic, kind in CLOSED.items():
        if start.startswith(magic):
            return kind
    return next((kind for magic, (kind, _) in STREAMS.items() if start.startswith(magic)), "")


def files_inside(file: BinaryIO, depth: int = 0) -> Iterator[Inside]:
    """The files in an archive or compressed file; none in other files.

    Raises:
        NotOpened: it is of a kind that is not known, damaged, encrypted, too deep, or too large.
    """
    file.seek(0)
    kind = kind_of(file.read(512))
    if not kind:
        return
    if depth >= MAX_DEPTH:
        raise NotOpened(f"archives in archives, more than {MAX_DEPTH} deep")
    if kind in CLOSED.values():
        raise NotOpened(f"a {kind} archive, which cannot be opened here")
    room = _Room(GROWTH_FREE_BYTES + MAX_GROWTH * file.seek(0, io.SEEK_END))
    file.seek(0)
    try:
        if kind == "zip":
            yield from _in_zip(file, room)
        elif kind == "tar":
            yield from _in_tar(file, room)
        else:
            yield from _in_stream(file, kind, room)
    except NotOpened:
        raise
    except Exception as error:  # a damaged one can make its library raise anything
        raise NotOpened(f"a damaged {kind} file: {error or type(error).__name__}") from None


class _Room:
    """The number of bytes that may still come out of an archive."""

    def __init__(self, num_bytes: int) -> None:
        self.num_bytes = num_bytes

    @contextmanager
    def copied(self, source: Any) -> Iterator[BinaryIO]:
        """Copy a stream to an unnamed file that can be read again."""
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as target:
            while block := source.read(BLOCK_BYTES):
                self.num_bytes -= len(block)
                if self.num_bytes < 0:
                    raise NotOpened("it grows to far more than its size")
                target.write(block)
            yield cast(BinaryIO, target)


def _in_zip(file: BinaryIO, room: _Room) -> Iterator[Inside]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.flag_bits & 1:
                raise NotOpened("an encrypted zip archive")
            with archive.open(info) as source, room.copied(source) as copy:
                yield Inside(info.filename, copy)


def _in_tar(file: BinaryIO, room: _Room) -> Iterator[Inside]:
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for info in archive:
            if info.isreg() and (source := archive.extractfile(info)) is not None:
                with room.copied(source) as copy:
                    yield Inside(info.name, copy)
            else:
                yield Inside(info.name, io.BytesIO(info.linkname.encode("utf-8", "replace")))


def _in_stream(file: BinaryIO, kind: str, room: _Room) -> Iterator[Inside]:
    opener = next(opener for name, opener in STREAMS.values() if name == kind)
    with closing(opener(file)) as source, room.copied(source) as copy:
        yield Inside("", copy)


def _open_zstd(file: BinaryIO) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")


STREAMS: dict[bytes, tuple[str, Callable[[BinaryIO], Any]]] = {
    b"\x1f\x8b\x08": ("gzip", gzip.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
    **{b"BZh%d1AY&SY" % level: ("bzip2", bz2.open) for level in range(1, 10)},
    b"\x28\xb5\x2f\xfd": ("zstd", _open_zstd),
}
