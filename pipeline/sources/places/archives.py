"""Archives: tar and zip, read in place and never unpacked.

Names of members stay mere names: nothing is written under them and devices are not opened. Links
are read where they name a file of the same archive. A compressed tar is decompressed once, to one
file, so that any member can be read by itself.
"""

import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.runtime.errors import SourceError
from pipeline.sources.places.links import linked_members, normal
from pipeline.sources.places.members import Member, named
from pipeline.sources.places.problems import (
    ENCRYPTED,
    NOT_REGULAR,
    SPARSE,
    UNPACK,
    UnusableFile,
    compressed_by,
)
from pipeline.sources.places.unpack import grown, growth_limit

MAX_HEADER_BYTES = 64 << 10  # of a tar member: its name, and what archivers add
MAX_LINK_BYTES = 4096
MADE_BY_DOS = (0, 10, 14)  # systems on which a backslash separates folders
UTF8_NAME, IS_ENCRYPTED = 0x800, 1  # flags of a zip's member
METHODS = {  # of a zip that are not read; 0, 8, 12 and 14 are
    1: "Shrink", 2: "Reduce", 3: "Reduce", 4: "Reduce", 5: "Reduce", 6: "Implode",
    9: "Deflate64 (Windows Explorer, above 2 GB)", 10: "Implode", 93: "Zstandard", 95: "XZ",
    96: "JPEG", 97: "WavPack", 98: "PPMd", 99: "AES",
}  # fmt: skip
READ_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# Archives and compressions that are not read, by their first bytes.
NOT_READ = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"MSCF\0\0\0\0", "a cabinet file"),
    (b"PK\x07\x08PK", "the first part of a zip archive in parts"),
    (b"LZIP", "compressed by lzip"),
    (b"\x5d\0\0", "compressed by LZMA alone"),
    (b"\x04\x22\x4d\x18", "compressed by LZ4"),
    (b"\x1f\x9d", "compressed by compress (.Z)"),
    (b"hsqs", "a SquashFS image"),
    (b"xar!", "a xar archive"),
    (b"070701", "a cpio archive"),
    (b"!<arch>\n", "an ar archive"),
)
PART = re.compile(r".*\.(?:\d{3}|z\d\d|part\d+\.rar|r\d\d|[a-z0-9]+\.a[a-z])", re.IGNORECASE)
ARCHIVE_SUFFIXES = frozenset(
    {".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar"}
)


@dataclass(frozen=True)
class Tar:
    path: Path
    """The path of the tar itself, decompressed."""

    def list(self) -> Iterator[Member]:
        room = growth_limit(self.path)
        files: dict[str, Member] = {}
        links: dict[str, str] = {}
        at = -1
        with _Headers(self.path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            for info in archive:
                if info.offset <= at or info.size < 0:  # a loop (CVE-2025-8194)
                    raise tarfile.ReadError("a member has an impossible size")
                at = info.offset
                if info.isdir():
                    continue
                if info.issym():
                    links[info.name] = info.linkname
                    continue
                member = _tar_member(info, files)
                room -= member.size if info.islnk() else 0
                if room < 0:
                    raise grown(self.path)
                files[normal(info.name)] = member
                yield member
            file.seek(archive.offset)
            if any(file.read(tarfile.BLOCKSIZE)):  # tarfile mistakes a damaged header for the end
                raise tarfile.ReadError(f"no header at byte {archive.offset}")
        yield from _within(linked_members(files, links), room, self.path)

    def read(self, member: Member, max_bytes: float) -> bytes:
        """See `Folder.read`."""
        refuse(member, max_bytes)
        with self.path.open("rb") as file:
            file.seek(member.offset)
            return _whole(file.read(member.size), member)


def _tar_member(info: tarfile.TarInfo, earlier: dict[str, Member]) -> Member:
    """A member that is no folder and no symbolic link; a hard link has the bytes it names."""
    if info.islnk():
        file = earlier.get(normal(info.linkname))
        if file is None:
            return named(info.name, 0, 0, "a hard link to no file before it in the archive")
        return named(info.name, file.size, file.offset, file.problem)
    problem = "" if info.isreg() else NOT_REGULAR
    if info.issparse():
        problem = SPARSE
    return named(info.name, info.size, info.offset_data, problem)


def _within(members: Iterator[Member], room: int, path: Path) -> Iterator[Member]:
    """Members that share their bytes with others, up to the number allowed for this size."""
    for member in members:
        room -= member.size
        if room < 0:
            raise grown(path)
        yield member


@dataclass(frozen=True)
class Zip:
    path: Path

    def list(self) -> Iterator[Member]:
        room = growth_limit(self.path)
        files: dict[str, Member] = {}
        links: dict[str, str] = {}
        archive = _open_zip(self.path, self.path.stat().st_mtime_ns)
        for number, info in enumerate(archive.infolist()):
            room -= info.file_size
            if room < 0:  # also by members that share their bytes
                raise grown(self.path)
            path = _zip_path(info)
            if path.endswith("/"):
                continue
            member = named(path, info.file_size, number, _zip_problem(info))
            if member.problem == NOT_REGULAR and stat.S_ISLNK(info.external_attr >> 16):
                text = _link_text(archive, info)
                if text is not None:
                    links[path] = text
                    continue
            files[normal(path)] = member
            yield member
        yield from _within(linked_members(files, links), room, self.path)

    def read(self, member: Member, max_bytes: float) -> bytes:
        """See `Folder.read`."""
        refuse(member, max_bytes)
        archive = _open_zip(self.path, self.path.stat().st_mtime_ns)
        try:
            with archive.open(archive.infolist()[member.offset]) as file:
                return _whole(file.read(member.size + 1), member)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
            raise UnusableFile(f"damaged in the archive: {error}") from None
        except Exception as error:  # zlib, bz2 and lzma raise errors of their own
            raise UnusableFile(f"damaged in the archive ({type(error).__name__})") from None


def _zip_path(info: zipfile.ZipInfo) -> str:
    """The path of a member with slashes; a folder's ends with one."""
    path = info.filename
    if not info.flag_bits & UTF8_NAME and not path.isascii():
        # macOS writes UTF-8 without its flag, and Python then decodes it as a code page of DOS.
        with suppress(UnicodeError):
            path = path.encode("cp437").decode()
    return path.replace("\\", "/") if info.create_system in MADE_BY_DOS else path


def _zip_problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & IS_ENCRYPTED:
        return ENCRYPTED
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return NOT_REGULAR
    if info.compress_type not in READ_METHODS:
        method = info.compress_type
        return compressed_by(METHODS.get(method, f"method {method} of zip"))
    return ""


def _link_text(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str | None:
    """The target of a symbolic link of a zip; None if it cannot be read."""
    if info.file_size > MAX_LINK_BYTES:
        return None
    try:
        with archive.open(info) as file:
            return file.read(MAX_LINK_BYTES).decode("utf-8", "surrogateescape")
    except Exception:  # see Zip.read
        return None


def open_archive(path: Path, start: bytes) -> Tar | Zip | None:
    """Open the archive at `path`, which starts with these 512 bytes and is not compressed."""
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Zip(path)
    if start[257:262] == b"ustar" or (path.suffix == ".tar" and tarfile.is_tarfile(path)):
        return Tar(path)
    return None


def refuse_unread(path: Path, where: str, start: bytes) -> None:
    """Refuse an archive of a kind that is not read, by its first bytes.

    Raises:
        SourceError: it is one; says what to do.
    """
    if (kind := next((kind for magic, kind in NOT_READ if start.startswith(magic)), None)) is None:
        return
    if PART.fullmatch(path.name):
        kind += ", in parts"
    raise SourceError(f"{where} is {kind}, which is not read", fix=f"{UNPACK} (7z x reads most)")


def damaged(path: Path, where: str, error: Exception) -> SourceError:
    """The error for an archive that cannot be listed."""
    if PART.fullmatch(path.name) or "multiple disks" in str(error):
        return SourceError(
            f"{where} is one part of an archive in parts, which is not read",
            fix=f"{UNPACK} (7z x reads all parts from the first one), or join the parts by cat",
        )
    return SourceError(
        f"archive {where} is damaged: {error or type(error).__name__}", fix="fetch it again"
    )


def refuse(member: Member, max_bytes: float) -> None:
    """
    Raises:
        UnusableFile: the member has a problem, or is larger than `max_bytes`.
    """
    if member.problem:
        raise UnusableFile(member.problem)
    if member.size > max_bytes:
        raise UnusableFile(f"{member.size} bytes, more than {max_bytes:.0f} allowed")


def _whole(data: bytes, member: Member) -> bytes:
    if len(data) != member.size:
        raise UnusableFile(f"{len(data)} bytes, expected {member.size}: the archive is damaged")
    return data


@lru_cache(maxsize=1)  # the time is in the key so that a replaced file is opened again
def _open_zip(path: Path, changed_at_ns: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


class _Headers(io.FileIO):
    """A tar file of which only headers are read: a hostile one declares all the rest a header."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size) or b""
