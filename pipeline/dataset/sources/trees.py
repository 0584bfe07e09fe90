"""Trees of files: a folder, a tar or a zip archive, read in one way and never unpacked.

What an archive calls its members stays a name: nothing is written under it, links are not
followed, and devices are not opened. A compressed tar is decompressed once, to one file, so that
any member can be read by itself; everything else is read where it lies.
"""

import gzip
import hashlib
import lzma
import os
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from pipeline.runtime.errors import SourceError, one_line
from pipeline.runtime.stage import WORK_DIR

UNPACKED_DIR = WORK_DIR / "unpacked"
# An archive of photos hardly shrinks; one that grows like this was made to fill a disk.
MAX_GROWTH = 100
GROWTH_FREE_BYTES = 256 << 20
COPIED_AT_ONCE = 1 << 20
# What file managers and version control leave behind.
LITTER = ("__MACOSX", "Thumbs.db", "desktop.ini")


class Member(NamedTuple):
    """A file of a tree."""

    name: str
    """Path from the tree's root, with slashes, in Unicode NFC; unique in the tree."""
    path: str
    """The name as the tree itself has it."""
    size: int
    offset: int
    """Where its bytes start in a tar; its number in a zip; 0 in a folder."""
    problem: str = ""
    """Why it cannot be used: it is no regular file, or has a name that nothing should have."""


class UnusableFile(Exception):
    """Why a member cannot be read."""


@dataclass(frozen=True)
class Folder:
    root: Path

    def list(self) -> Iterator[Member]:
        todo = [""]
        while todo:
            prefix = todo.pop()
            try:
                entries = list(os.scandir(self.root / prefix))
            except OSError as error:
                raise SourceError(
                    f"folder {self.root / prefix} cannot be read: {error.strerror}",
                    fix="check its permissions",
                ) from None
            for entry in entries:
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path + "/")
                    continue
                with suppress(FileNotFoundError):  # removed since
                    yield _member(path, entry.stat(follow_symlinks=False), self.root)

    def read(self, member: Member, max_bytes: float) -> bytes:
        """The bytes of a member.

        Raises:
            UnusableFile: it has a problem, is larger than `max_bytes`, or cannot be read.
        """
        _refuse(member, max_bytes)
        try:
            return _read_regular(f"{self.root}/{member.path}", max_bytes)
        except OSError as error:
            raise UnusableFile(f"cannot be read: {error.strerror}") from None


@dataclass(frozen=True)
class Tar:
    path: Path
    """Of the tar itself, decompressed."""

    def list(self) -> Iterator[Member]:
        with tarfile.open(self.path, "r:") as archive:
            for info in archive:
                if info.isdir():
                    continue
                problem = "" if info.isreg() else "no regular file but a link or a device"
                if info.issparse():
                    problem = "a sparse file"
                yield _named(info.name, info.size, info.offset_data, problem)

    def read(self, member: Member, max_bytes: float) -> bytes:
        """See `Folder.read`."""
        _refuse(member, max_bytes)
        with self.path.open("rb") as file:
            file.seek(member.offset)
            return _whole(file.read(member.size), member)


@dataclass(frozen=True)
class Zip:
    path: Path

    def list(self) -> Iterator[Member]:
        for number, info in enumerate(_open_zip(self.path).infolist()):
            if info.is_dir():
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            problem = (
                "no regular file but a link or a device" if kind not in (0, stat.S_IFREG) else ""
            )
            if info.flag_bits & 1:
                problem = "encrypted"
            yield _named(info.filename, info.file_size, number, problem)

    def read(self, member: Member, max_bytes: float) -> bytes:
        """See `Folder.read`."""
        _refuse(member, max_bytes)
        archive = _open_zip(self.path)
        try:
            with archive.open(archive.infolist()[member.offset]) as file:
                return _whole(file.read(member.size + 1), member)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
            raise UnusableFile(f"damaged in the archive: {error}") from None
        except Exception as error:  # a hostile stream makes zlib, bz2 and lzma raise their own
            raise UnusableFile(f"damaged in the archive ({type(error).__name__})") from None


Tree = Folder | Tar | Zip


class Files(NamedTuple):
    """A tree and what is in it."""

    tree: Tree
    members: dict[str, Member]
    """By name, sorted; without hidden files and what file managers leave behind."""
    where: str
    """What to call the tree in messages."""

    def read(self, name: str, max_bytes: float) -> bytes:
        """The bytes of a file that the whole source hangs on.

        Raises:
            SourceError: it is not there or cannot be read.
        """
        try:
            return self.tree.read(self.members[name], max_bytes)
        except KeyError:
            raise SourceError(f"{self.where} has no file {name}", fix="fetch it again") from None
        except UnusableFile as error:
            raise SourceError(
                f"file {name} of {self.where} is unusable: {error}", fix="fetch it again"
            ) from None


def open_files(path: Path, where: str) -> Files:
    """Open the folder, archive or single file at `path`, and list it.

    Raises:
        SourceError: nothing is there, or it is a damaged or hostile archive.
    """
    if not path.exists():
        raise SourceError(f"uri {where} does not exist", fix="correct it in the catalog entry")
    tree: Tree
    if path.is_dir():
        tree = Folder(path)
        found = list(tree.list())
    elif (archive := _open_archive(path, where)) is not None:
        tree = archive
        try:
            found = list(tree.list())
        except (tarfile.TarError, zipfile.BadZipFile, ValueError, OSError) as error:
            raise SourceError(
                f"archive {where} is damaged: {error}", fix="fetch it again"
            ) from None
    else:
        tree = Folder(path.parent)
        found = [_member(path.name, path.stat(), path.parent)]
    members: dict[str, Member] = {}
    for member in sorted(found):
        if _is_litter(member.name):
            continue
        if member.name in members:  # in archives; or names that differ in normalisation alone
            number = 2
            while f"{member.name}#{number}" in members:
                number += 1
            member = member._replace(
                name=f"{member.name}#{number}", problem="another file has the same name"
            )
        members[member.name] = member
    return Files(tree, members, where)


def _is_litter(name: str) -> bool:
    return any(p in LITTER or (p.startswith(".") and p != "..") for p in name.split("/"))


def _member(path: str, status: os.stat_result, root: Path) -> Member:
    problem = ""
    if stat.S_ISLNK(status.st_mode):
        try:
            target = (root / path).resolve(strict=True)
            status = target.stat()
            if not target.is_relative_to(root.resolve()):
                problem = "a link that leads outside the folder"
        except (OSError, RuntimeError):
            problem = "a link that leads nowhere"
    if not problem and not stat.S_ISREG(status.st_mode):
        problem = "no regular file"
    return _named(path, status.st_size, 0, problem)


def _named(path: str, size: int, offset: int, problem: str) -> Member:
    """A member under a name that is safe to write into tables and messages."""
    if path.isascii() and path.isprintable() and not {"", ".", ".."} & set(path.split("/")):
        return Member(path, path, size, offset, problem)
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    parts = PurePosixPath(text).parts
    if text.startswith("/") or ".." in parts:
        problem = problem or "a name that leads outside the archive"
    elif text != path:
        problem = problem or "a name that is not UTF-8"
    elif not path.isprintable():
        problem = problem or "a name with control characters"
    name = one_line(unicodedata.normalize("NFC", "/".join(p for p in parts if p != "/")))
    return Member(name, path, size, offset, problem)


def _refuse(member: Member, max_bytes: float) -> None:
    if member.problem:
        raise UnusableFile(member.problem)
    if member.size > max_bytes:
        raise UnusableFile(f"{member.size} bytes, more than {max_bytes:.0f} allowed")


def _read_regular(path: str, max_bytes: float) -> bytes:
    # The file may have become a pipe or a device since it was listed; neither may block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnusableFile("no regular file")
        if status.st_size > max_bytes:
            raise UnusableFile(f"{status.st_size} bytes, more than {max_bytes:.0f} allowed")
        return file.readall() or b""


def _whole(data: bytes, member: Member) -> bytes:
    if len(data) != member.size:
        raise UnusableFile(f"{len(data)} bytes, expected {member.size}: the archive is damaged")
    return data


@lru_cache(maxsize=1)
def _open_zip(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _open_archive(path: Path, where: str) -> Tar | Zip | None:
    """The archive at `path` by its content, whatever its name; None when it is none."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(b"PK\x03\x04") or start.startswith(b"PK\x05\x06"):
        return Zip(path)
    if start[257:262] == b"ustar" or (path.suffix == ".tar" and tarfile.is_tarfile(path)):
        return Tar(path)
    if path.suffix == ".gz" and "idx" in path.name:  # an IDX file by itself
        return None
    for magic, opener in (
        (b"\x1f\x8b", gzip.open),
        (b"\xfd7zXZ\x00", lzma.open),
        (b"BZh", _open_bz2),
        (b"\x28\xb5\x2f\xfd", _open_zstd),
    ):
        if start.startswith(magic):
            return _decompress(path, where, opener)
    return None


def _open_bz2(path: Path) -> BinaryIO:
    import bz2

    return bz2.open(path)  # type: ignore[return-value]


def _open_zstd(path: Path) -> BinaryIO:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")  # type: ignore[no-any-return]


def _decompress(path: Path, where: str, opener: object) -> Tar | None:
    """Decompress a tar, once for each version of it; None when what comes out is no tar."""
    status = path.stat()
    key = hashlib.sha256(
        f"{path.resolve()} {status.st_size} {status.st_mtime_ns}".encode()
    ).hexdigest()
    final = UNPACKED_DIR / f"{key[:32]}.tar"
    if final.exists():
        return Tar(final)
    UNPACKED_DIR.mkdir(parents=True, exist_ok=True)
    partial = final.with_suffix(".partial")
    limit = GROWTH_FREE_BYTES + MAX_GROWTH * status.st_size
    written = 0
    try:
        with opener(path) as source, partial.open("wb") as target:  # type: ignore[operator]
            while block := source.read(COPIED_AT_ONCE):
                if not written and block[257:262] != b"ustar":
                    return None
                written += len(block)
                if written > limit:
                    raise SourceError(
                        f"archive {where} grows to more than {MAX_GROWTH} times its size",
                        fix="look at what it is; if it is what you want, unpack it yourself",
                    )
                target.write(block)
        partial.replace(final)
    except SourceError:
        raise
    except Exception as error:  # gzip, lzma and zstd raise their own kinds
        raise SourceError(f"archive {where} is damaged: {error}", fix="fetch it again") from None
    finally:
        partial.unlink(missing_ok=True)
    return Tar(final)
