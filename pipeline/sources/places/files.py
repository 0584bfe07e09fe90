"""The files of a source: which kind of tree a path is, and what is in it."""

import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipeline.runtime.errors import SourceError
from pipeline.sources.places.members import Member, by_name, has_suffix, is_litter
from pipeline.sources.places.trees import (
    UNPACKED_DIR,
    Folder,
    Tar,
    Tree,
    UnusableFile,
    Zip,
    growth_limit,
    member_of,
)
from pipeline.sources.places.unpack import decompress


@dataclass(frozen=True)
class Files:
    """A tree and what is in it."""

    tree: Tree
    members: dict[str, Member]
    """By name, sorted; without hidden files and what file managers leave behind."""
    where: str
    """What to call the tree in messages."""
    suffixes: frozenset[str]
    """Of files that are examples."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """Files that are not among the members, counted by kind: `in @eaDir`."""

    @cached_property
    def others(self) -> dict[str, Member]:
        """The members without the suffix of an example: few, whatever the size of the data."""
        return {
            name: member
            for name, member in self.members.items()
            if not has_suffix(name, self.suffixes)
        }

    def read(self, name: str, max_bytes: float) -> bytes:
        """Read a file without which there is no source.

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


def open_files(path: Path, where: str, suffixes: frozenset[str]) -> Files:
    """Open the folder, archive or single file at `path`, and list it.

    `suffixes` are those of files that are examples; see `has_suffix`.

    Raises:
        SourceError: nothing is there, or it is a damaged or hostile archive.
    """
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a name is too long
        raise SourceError(f"uri {where} does not exist", fix="correct it in the catalog entry")
    if not path.is_dir() and not path.is_file():  # a pipe would never end
        raise SourceError(
            f"uri {where} is neither a folder nor a regular file",
            fix="correct it in the catalog entry",
        )
    tree: Tree
    if path.is_dir():
        tree = Folder(path)
        members = list(tree.list())
    elif (archive := _open_archive(path, where)) is not None:
        tree = archive
        try:
            members = list(tree.list())
        except SourceError:
            raise
        except Exception as error:  # a hostile archive makes tarfile and zipfile raise anything
            raise SourceError(
                f"archive {where} is damaged: {error or type(error).__name__}",
                fix="fetch it again",
            ) from None
    else:
        tree = Folder(path.parent)
        members = [member_of(path.name, path.stat(), path.parent)]
    if not isinstance(tree, Folder):
        members = [m for m in members if not any(map(is_litter, m.name.split("/")))]
    return Files(tree, by_name(members), where, suffixes)


def _open_archive(path: Path, where: str) -> Tar | Zip | None:
    """Open the archive at `path`, known by its content; None when it is none."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Zip(path)
    if start[257:262] == b"ustar" or (path.suffix == ".tar" and tarfile.is_tarfile(path)):
        return Tar(path)
    if path.suffix == ".gz" and "idx" in path.name:  # an IDX file by itself
        return None
    tar = decompress(path, where, UNPACKED_DIR, growth_limit(path))
    return Tar(tar) if tar else None
