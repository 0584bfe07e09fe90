"""Links: where those of a folder may lead, and which file those of an archive name."""

import os
import posixpath
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from pipeline.runtime.errors import SettingsError
from pipeline.sources.places.members import Member, named
from pipeline.sources.places.problems import (
    LINK_NOWHERE,
    LINK_TO_ABSENT_ANNEX,
    LINK_TO_ABSENT_OBJECT,
)

FOLLOW = "follow"
MAX_CHAIN = 40  # links to links, as many as Linux follows


def check_links(links: str | None) -> None:
    """Check that `links` of an entry is a folder, or `follow`.

    Raises:
        SettingsError: it is neither.
    """
    if links not in (None, FOLLOW) and not Path(links).expanduser().is_dir():
        raise SettingsError(
            f"links must be {FOLLOW}, or a folder that links may lead to, found {links!r}",
            fix=f"set links: {FOLLOW} in the catalog entry, or name a folder that is there",
        )


def may_lead_to(target: Path, root: Path, links: str | None) -> bool:
    """Whether a link of the folder `root` may lead to `target`; both are resolved.

    Allowed are the folder itself, DVC's cache of this project (where `cache.type` is symlink,
    files of DVC are such links), and what `links` of the entry allows.
    """
    if links == FOLLOW or target.is_relative_to(root):
        return True
    allowed = links is not None and target.is_relative_to(Path(links).expanduser().resolve())
    return allowed or target.is_relative_to(_dvc_cache(Path.cwd()))


@lru_cache(maxsize=1)
def _dvc_cache(project: Path) -> Path:
    from dvc.config import Config, ConfigError

    folder = project / ".dvc" / "cache"
    try:
        return Path(Config(str(project / ".dvc"))["cache"].get("dir") or folder).resolve()
    except ConfigError:  # DVC itself reports what is wrong with it
        return folder.resolve()


def why_nowhere(link: Path) -> str:
    """The problem of a link whose target is not there."""
    try:
        target = os.readlink(link)  # noqa: PTH115 - Path.readlink drops invalid parts of names
    except OSError:
        return LINK_NOWHERE
    if ".git/annex/objects/" in target:
        return LINK_TO_ABSENT_ANNEX
    return LINK_TO_ABSENT_OBJECT if "/files/md5/" in target else LINK_NOWHERE


def normal(path: str) -> str:
    """Normalise a path of an archive, for looking up links."""
    return posixpath.normpath(path.lstrip("/") if path.startswith("//") else path)


def linked_members(files: Mapping[str, Member], links: Mapping[str, str]) -> Iterator[Member]:
    """Make a member of each symbolic link of an archive, with the bytes of its target.

    Args:
        files: regular files of the archive by their normal path.
        links: the text of each link by the path that the archive has for it.
    """
    targets = {
        normal(path): posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
        for path, text in links.items()
    }
    for path in links:
        target = targets[normal(path)]
        for _ in range(MAX_CHAIN):
            if target not in targets:
                break
            target = targets[target]
        if target.startswith(("/", "../")) or target == "..":
            yield named(path, 0, 0, "a link that leads outside the archive")
        elif (file := files.get(target)) is not None:
            yield named(path, file.size, file.offset, file.problem)
        else:
            yield named(path, 0, 0, "a link to no file of the archive")
