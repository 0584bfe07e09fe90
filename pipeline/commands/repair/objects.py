"""Removes damaged objects of DVC's cache, and damaged files linked to or copied from them.

DVC names an object by the MD5 of its content, and then trusts the name: a bit that flips on the
disk is never noticed. It also trusts a file of the workspace as long as its size and time stay.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dvc.repo import Repo

DIGITS = 32
"""Digits of an MD5, and so of the name of an object: two are a folder."""


class Removed(NamedTuple):
    """A damaged file that was removed."""

    path: Path
    is_object: bool
    """Whether it is an object of the cache, or else a file of the workspace."""


def remove_damaged() -> Iterator[Removed]:
    """Remove files whose content differs from DVC's records, in its cache and in the workspace."""
    with Repo() as repository:
        for path in damaged_objects(Path(repository.cache.local.path)):
            path.chmod(0o644)
            path.unlink()
            yield Removed(_shown(path), is_object=True)
        for path in damaged_files(repository):
            path.unlink()
            yield Removed(_shown(path), is_object=False)


def damaged_objects(cache: Path) -> Iterator[Path]:
    """Objects of a cache, `ab/cdef…`, whose content does not match the MD5 in their name."""
    for path in sorted(cache.glob("??/*")):
        digest = path.parent.name + path.name.removesuffix(".dir")
        if len(digest) == DIGITS and path.is_file() and md5(path) != digest:
            yield path


def damaged_files(repository: Repo) -> Iterator[Path]:
    """Files of outputs whose MD5 differs from DVC's record for their current size and time.

    DVC itself hashes files without a record, or changed since.
    """
    for out in repository.index.outs:
        if out.protocol != "local" or not out.exists:
            continue
        root = Path(out.fs_path)
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and _has_other_content(path, repository.state, out.fs):
                yield path


def md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _has_other_content(path: Path, state: Any, filesystem: Any) -> bool:
    _, noted = state.get(str(path), filesystem)
    return noted is not None and noted.name == "md5" and noted.value != md5(path)


def _shown(path: Path) -> Path:
    """The path relative to the project, if it is inside."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
