"""Objects of DVC's cache, and files that are linked to or copied from them: whole, or removed.

DVC names an object by the MD5 of its content, and from then on believes the name: a bit that has
changed on the disk is handed out for ever. It believes a file of the workspace too, as long as its
size and time stay.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dvc.repo import Repo

DIGITS = 32
"""Of an MD5, and so of the name of an object: two are a folder."""


class Removed(NamedTuple):
    """What was damaged, and is removed."""

    path: Path
    is_object: bool
    """Of the cache, or else a file of the workspace."""


def remove_damaged() -> Iterator[Removed]:
    """Remove what is not what DVC believes, in its cache and in the workspace."""
    with Repo() as repository:
        for path in damaged_objects(Path(repository.cache.local.path)):
            path.chmod(0o644)
            path.unlink()
            yield Removed(_shown(path), is_object=True)
        for path in damaged_files(repository):
            path.unlink()
            yield Removed(_shown(path), is_object=False)


def damaged_objects(cache: Path) -> Iterator[Path]:
    """Objects of a cache, `ab/cdef…`, whose content has another MD5 than their name says."""
    for path in sorted(cache.glob("??/*")):
        digest = path.parent.name + path.name.removesuffix(".dir")
        if len(digest) == DIGITS and path.is_file() and md5(path) != digest:
            yield path


def damaged_files(repository: Repo) -> Iterator[Path]:
    """Files of outputs that have another MD5 than DVC noted of them as they are now.

    Of a file that it noted nothing of, or that has changed since, it finds out by itself.
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
    """Relative to the project, where it lies in there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
