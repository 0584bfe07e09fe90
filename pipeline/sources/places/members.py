"""The files of a tree, under names that are safe to write into tables and messages."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from pipeline.runtime.errors import one_line

# Left behind by file managers, network drives and version control, in upper or lower case; hidden
# files are not data either.
LITTER_FOLDERS = {
    name.lower(): name
    for name in (
        "__MACOSX", "__pycache__", "lost+found", "Network Trash Folder", "Temporary Items",
        "@eaDir", "@tmp", "@Recycle", "@Recently-Snapshot", "@Transcode", "#recycle", "#snapshot",
        "$RECYCLE.BIN", "RECYCLER", "System Volume Information",
    )
}  # fmt: skip
LITTER_FILES = {
    name.lower(): name
    for name in (
        "Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "ZbThumbnail.info", "desktop.ini",
        "Picasa.ini", "Icon\r",
    )
}  # fmt: skip
LITTER_SUFFIXES = ("@synoeastream", "@synoresource")
HIDDEN = "hidden"


class Member(NamedTuple):
    """A file of a tree."""

    name: str
    """Path from the tree's root, with slashes, in Unicode NFC; unique in the tree."""
    path: str
    """The name as the tree itself has it."""
    size: int
    offset: int
    """Offset of its bytes in a tar; its number in a zip; 0 in a folder."""
    problem: str = ""
    """Why it cannot be used: it is not a regular file, or has an unsafe name."""


def named(path: str, size: int, offset: int, problem: str) -> Member:
    """Make a member under a safe name; a name that no file can have is its problem."""
    if path.isascii() and path.isprintable() and not {"", ".", ".."} & set(path.split("/")):
        return Member(path, path, size, offset, problem)
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    parts = PurePosixPath(text).parts
    if text.startswith("/") or ".." in parts:
        problem = problem or "a name that leads outside the archive"
    elif text != path:
        problem = problem or "a name that is not UTF-8"
    elif not all(map(_is_visible, path)):
        problem = problem or "a name with control characters"
    name = unicodedata.normalize("NFC", "/".join(p for p in parts if p != "/"))
    name = "".join(c if _is_visible(c) else one_line(c) for c in name)
    return Member(name, path, size, offset, problem)


def _is_visible(character: str) -> bool:
    # macOS names screenshots with a narrow no-break space, which Python calls unprintable.
    return character.isprintable() or unicodedata.category(character) == "Zs"


def by_name(found: Iterable[Member]) -> dict[str, Member]:
    """Members by name, sorted; of several with one name, the first can be used."""
    members: dict[str, Member] = {}
    twins: Counter[str] = Counter()
    for member in sorted(found):
        name = member.name
        while name in members:  # in archives; or the names differ only in normalisation
            twins[member.name] += 1
            name = f"{member.name}#{twins[member.name] + 1}"
        if name != member.name:
            member = member._replace(name=name, problem="another file has the same name")
        members[name] = member
    return members


def with_slashes(members: list[Member]) -> list[Member]:
    """Replace backslashes in the names of a tree from Windows by slashes."""
    if any("/" in member.path for member in members):
        return members
    return [
        named(m.path.replace("\\", "/"), m.size, m.offset, m.problem)._replace(path=m.path)
        if "\\" in m.path
        else m
        for m in members
    ]


def litter_kind(name: str, *, is_folder: bool) -> str | None:
    """The kind under which to count a file or folder that is not data; None if it may be data."""
    if name.startswith(".") and name != "..":
        return HIDDEN
    known = (LITTER_FOLDERS if is_folder else LITTER_FILES).get(name.lower())
    if known and is_folder:
        return f"in {known}"
    if not known and name.lower().endswith(LITTER_SUFFIXES):
        return "of a network drive"
    return one_line(known) if known else None


def without_litter(members: Iterable[Member], beside: Counter[str]) -> list[Member]:
    """The members of an archive that may be data; the others are counted by kind in `beside`."""
    kept = []
    for member in members:
        *folders, file = member.name.split("/")
        kinds = [litter_kind(folder, is_folder=True) for folder in folders]
        kind = next(filter(None, kinds), None) or litter_kind(file, is_folder=False)
        if kind:
            beside[kind] += 1
        else:
            kept.append(member)
    return kept


def has_suffix(name: str, suffixes: frozenset[str]) -> bool:
    """Whether a name ends in one of the suffixes, which are in lower case, with a dot."""
    stem, dot, suffix = name.rpartition(".")
    return (dot + suffix).lower() in suffixes and not stem.endswith("/")
