"""Trees of files: a folder, or an archive (see archives.py), under one interface."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.runtime.errors import SourceError
from pipeline.runtime.stage import WORK_DIR
from pipeline.sources.places.archives import Tar, Zip, refuse
from pipeline.sources.places.links import may_lead_to, why_nowhere
from pipeline.sources.places.members import HIDDEN, Member, litter_kind, named
from pipeline.sources.places.problems import LINK_OUTSIDE, LINK_TO_FOLDER, UnusableFile
from pipeline.sources.places.unpack import GROWTH_FREE_BYTES, MAX_GROWTH

__all__ = [
    "GROWTH_FREE_BYTES",
    "MAX_GROWTH",
    "UNPACKED_DIR",
    "Folder",
    "Tar",
    "Tree",
    "UnusableFile",
    "Zip",
    "member_of",
]

UNPACKED_DIR = WORK_DIR / "unpacked"
MAX_COUNTED = 100_000  # of files in one folder of litter


@dataclass(frozen=True)
class Folder:
    root: Path
    links: str | None = None
    """Where links may lead outside the folder; see `may_lead_to`."""

    def list(self, beside: Counter[str]) -> Iterator[Member]:
        """List its files; those that are not data are counted by kind in `beside`."""
        listed = {self.root.resolve()}  # no file is listed twice
        todo = [""]
        while todo:
            prefix = todo.pop()
            for entry in self._scan(prefix):
                path = prefix + entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                if kind := litter_kind(entry.name, is_folder=is_folder):
                    # Hidden folders may be a repository, or snapshots of a network drive.
                    counted = is_folder and kind != HIDDEN
                    beside[kind] += _num_files(entry.path) if counted else 1
                elif is_folder or (entry.is_symlink() and self._may_list(path, listed)):
                    todo.append(path + "/")
                else:
                    with suppress(FileNotFoundError):  # removed since
                        yield member_of(path, entry.stat(follow_symlinks=False), self)

    def find(self, path: str) -> Member:
        """Find the file at a path below the root, without a listing.

        Raises:
            UnusableFile: there is none, or it cannot be read.
        """
        file = self.root / path
        try:
            if not _is_allowed(file.parent.absolute(), self.root.absolute(), self.links):
                raise UnusableFile("in a folder that leads outside")
            return member_of(path, file.lstat(), self)
        except FileNotFoundError:
            raise UnusableFile("there is no such file") from None
        except (OSError, RuntimeError, ValueError) as error:  # loops of links; invalid names
            raise UnusableFile(getattr(error, "strerror", None) or str(error)) from None

    def read(self, member: Member, max_bytes: float) -> bytes:
        """Read the bytes of a member.

        Raises:
            UnusableFile: it has a problem, is larger than `max_bytes`, or cannot be read.
        """
        refuse(member, max_bytes)
        try:
            return _read_regular(f"{self.root}/{member.path}", max_bytes)
        except OSError as error:
            raise UnusableFile(f"cannot be read: {error.strerror}", transient=True) from None

    def stamp(self, member: Member) -> tuple[int, ...]:
        """Time of change and of modification in ns, size and inode of a member's file.

        As in git's index, they differ if the file was changed or replaced.

        Raises:
            OSError: it is gone.
        """
        status = os.stat(f"{self.root}/{member.path}")  # noqa: PTH116 - a million of them
        return status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_ino

    def _scan(self, prefix: str) -> Sequence[os.DirEntry[str]]:
        try:
            return tuple(os.scandir(self.root / prefix))
        except OSError as error:
            raise SourceError(
                f"folder {self.root / prefix} cannot be read: {error.strerror}",
                fix="check its permissions",
            ) from None

    def _may_list(self, path: str, listed: set[Path]) -> bool:
        """Whether a link leads to a folder that the entry allows, and that is not listed yet."""
        if self.links is None:
            return False
        try:
            target = (self.root / path).resolve(strict=True)
        except (OSError, RuntimeError):
            return False
        overlap = any(target.is_relative_to(o) or o.is_relative_to(target) for o in listed)
        if overlap or not target.is_dir():
            return False
        if not may_lead_to(target, self.root.resolve(), self.links):
            return False
        listed.add(target)
        return True


Tree = Folder | Tar | Zip


def member_of(path: str, status: os.stat_result, folder: Folder) -> Member:
    """Make a member of the file at `path`, whose lstat is `status`; a link is followed."""
    problem = ""
    if stat.S_ISLNK(status.st_mode):
        link = folder.root / path
        try:
            target = link.resolve(strict=True)
            status = target.stat()
            if stat.S_ISDIR(status.st_mode):
                problem = LINK_TO_FOLDER
            elif not may_lead_to(target, folder.root.resolve(), folder.links):
                problem = LINK_OUTSIDE
        except (OSError, RuntimeError):
            problem = why_nowhere(link)
    if not problem and not stat.S_ISREG(status.st_mode):
        problem = "no regular file"
    return named(path, status.st_size, 0, problem)


@lru_cache(maxsize=1024)  # many files lie in few folders
def _is_allowed(folder: Path, root: Path, links: str | None) -> bool:
    return may_lead_to(folder.resolve(strict=True), root.resolve(), links)


def _num_files(folder: str) -> int:
    """Count the files below a folder, up to MAX_COUNTED, without those of unreadable folders."""
    number = 0
    for _, _, files in os.walk(folder):
        number += len(files)
        if number >= MAX_COUNTED:
            break
    return number


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
            data += more  # a network file system may return it in parts
        return data
    finally:
        os.close(descriptor)
