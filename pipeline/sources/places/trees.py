"""Trees of files: a folder, a tar or a zip archive, read in one way and never unpacked.

What an archive calls its members stays a name: nothing is written under it, links are not
followed, and devices are not opened. A compressed tar is decompressed once, to one file, so that
any member can be read by itself; everything else is read where it lies.
"""

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.runtime.errors import SourceError
from pipeline.runtime.stage import WORK_DIR
from pipeline.sources.places.members import Member, is_litter, named
from pipeline.sources.places.unpack import grown

UNPACKED_DIR = WORK_DIR / "unpacked"
# An archive of photos hardly shrinks; one that grows like this was made to fill a disk.
MAX_GROWTH = 100
GROWTH_FREE_BYTES = 256 << 20
MAX_HEADER_BYTES = 64 << 10  # of a tar member: its name, and what archivers add


class UnusableFile(Exception):
    """Why a member cannot be read."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        """A `transient` reason may be gone the next time that the member is read."""
        super().__init__(reason)
        self.transient = transient


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
                if is_litter(entry.name):
                    continue
                path = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path + "/")
                    continue
                with suppress(FileNotFoundError):  # removed since
                    yield member_of(path, entry.stat(follow_symlinks=False), self.root)

    def find(self, path: str) -> Member:
        """Find the file at a path below the root, without a listing.

        Raises:
            UnusableFile: there is none, or it cannot be read.
        """
        file = self.root / path
        try:
            if not _is_below(file.parent.absolute(), self.root.absolute()):
                raise UnusableFile("in a folder that leads outside")
            return member_of(path, file.lstat(), self.root)
        except FileNotFoundError:
            raise UnusableFile("there is no such file") from None
        except (OSError, RuntimeError, ValueError) as error:  # loops of links; no name for a file
            raise UnusableFile(getattr(error, "strerror", None) or str(error)) from None

    def read(self, member: Member, max_bytes: float) -> bytes:
        """Read the bytes of a member.

        Raises:
            UnusableFile: it has a problem, is larger than `max_bytes`, or cannot be read.
        """
        _refuse(member, max_bytes)
        try:
            return _read_regular(f"{self.root}/{member.path}", max_bytes)
        except OSError as error:
            raise UnusableFile(f"cannot be read: {error.strerror}", transient=True) from None

    def stamp(self, member: Member) -> tuple[int, ...]:
        """Time of change and of modification in ns, size and inode of a member's file.

        As in git's index, they differ when the file was changed or replaced.

        Raises:
            OSError: it is gone.
        """
        status = os.stat(f"{self.root}/{member.path}")  # noqa: PTH116 - a million of them
        return status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_ino


@dataclass(frozen=True)
class Tar:
    path: Path
    """Of the tar itself, decompressed."""

    def list(self) -> Iterator[Member]:
        at = -1
        with _Headers(self.path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for info in archive:
                if info.offset <= at or info.size < 0:  # a loop (CVE-2025-8194)
                    raise tarfile.ReadError("a member has an impossible size")
                at = info.offset
                if info.isdir():
                    continue
                problem = "" if info.isreg() else "no regular file but a link or a device"
                if info.issparse():
                    problem = "a sparse file"
                yield named(info.name, info.size, info.offset_data, problem)
            file.seek(archive.offset)
            if any(file.read(tarfile.BLOCKSIZE)):  # tarfile takes a damaged header for the end
                raise tarfile.ReadError(f"no header at byte {archive.offset}")

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
        room = growth_limit(self.path)
        for number, info in enumerate(
            _open_zip(self.path, self.path.stat().st_mtime_ns).infolist()
        ):
            room -= info.file_size
            if room < 0:  # also by members that share their bytes
                raise grown(self.path)
            if info.is_dir():
                continue
            kind = stat.S_IFMT(info.external_attr >> 16)
            problem = (
                "no regular file but a link or a device" if kind not in (0, stat.S_IFREG) else ""
            )
            if info.flag_bits & 1:
                problem = "encrypted"
            yield named(info.filename, info.file_size, number, problem)

    def read(self, member: Member, max_bytes: float) -> bytes:
        """See `Folder.read`."""
        _refuse(member, max_bytes)
        archive = _open_zip(self.path, self.path.stat().st_mtime_ns)
        try:
            with archive.open(archive.infolist()[member.offset]) as file:
                return _whole(file.read(member.size + 1), member)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
            raise UnusableFile(f"damaged in the archive: {error}") from None
        except Exception as error:  # a hostile stream makes zlib, bz2 and lzma raise their own
            raise UnusableFile(f"damaged in the archive ({type(error).__name__})") from None


Tree = Folder | Tar | Zip


def member_of(path: str, status: os.stat_result, root: Path) -> Member:
    """The file at `path` below `root`, whose lstat is `status`; a link is followed."""
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
    return named(path, status.st_size, 0, problem)


@lru_cache(maxsize=1024)  # many files of few folders are asked for
def _is_below(folder: Path, root: Path) -> bool:
    return folder.resolve(strict=True).is_relative_to(root.resolve())


def _refuse(member: Member, max_bytes: float) -> None:
    if member.problem:
        raise UnusableFile(member.problem)
    if member.size > max_bytes:
        raise UnusableFile(f"{member.size} bytes, more than {max_bytes:.0f} allowed")


def _read_regular(path: str, max_bytes: float) -> bytes:
    # The file may have become a pipe or a device since it was listed; neither may block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnusableFile("no regular file")
        if status.st_size > max_bytes:
            raise UnusableFile(f"{status.st_size} bytes, more than {max_bytes:.0f} allowed")
        data = os.read(descriptor, status.st_size + 1)
        while len(data) < status.st_size and (more := os.read(descriptor, status.st_size)):
            data += more  # a network file system may give it in parts
        return data
    finally:
        os.close(descriptor)


def _whole(data: bytes, member: Member) -> bytes:
    if len(data) != member.size:
        raise UnusableFile(f"{len(data)} bytes, expected {member.size}: the archive is damaged")
    return data


@lru_cache(maxsize=1)  # the time is there so that a file that was replaced is opened again
def _open_zip(path: Path, changed_at_ns: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


class _Headers(io.FileIO):
    """A tar of which only headers are read: a hostile one calls all the rest a header."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size) or b""


def growth_limit(path: Path) -> int:
    """Bytes that the archive at `path` may hold when it is decompressed."""
    return GROWTH_FREE_BYTES + MAX_GROWTH * path.stat().st_size
