"""Files without the suffix of an example: which are examples anyway, and the kinds of the rest."""

import os
import re
from collections import Counter, defaultdict
from pathlib import PurePosixPath

from pipeline.modalities.protocols.prepare import Prepare
from pipeline.sources.places.files import Files
from pipeline.sources.places.trees import Folder, UnusableFile

SIDECARS = {
    ".json", ".xml", ".txt", ".csv", ".tsv", ".jsonl", ".ndjson", ".yaml", ".yml", ".md", ".html",
    ".htm", ".xmp", ".aae", ".ini", ".log", ".db", ".py", ".pdf", ".xlsx", ".parquet", ".names",
}  # fmt: skip
"""Suffixes of files that annotators, cameras, editors and people leave beside examples."""
LOOKED_AT_BYTES = 64
MAX_BYTES = 64 << 20
NUM_LOOKED_AT = 100
"""Number of files of one suffix to open; if all of them are alike, so are the rest."""


def examples_among_others(files: Files, prepare: Prepare) -> set[str]:
    """Names of files whose content begins like an example, but whose suffix differs."""
    by_suffix: dict[str, list[str]] = defaultdict(list)
    for name in files.others:
        suffix = _suffix(name)
        if suffix not in SIDECARS or suffix in prepare.SUFFIXES:
            by_suffix[suffix].append(name)
    found: set[str] = set()
    for names in by_suffix.values():
        some = names[:: -(-len(names) // NUM_LOOKED_AT)]
        alike = [name for name in some if _begins_like_one(files, name, prepare)]
        if len(alike) == len(some):
            found.update(names)
        elif alike:
            found.update(name for name in names if _begins_like_one(files, name, prepare))
    return found


def _begins_like_one(files: Files, name: str, prepare: Prepare) -> bool:
    """Whether a file may be an example; true if it has a problem, which is then reported."""
    member = files.members[name]
    try:
        return bool(member.problem) or prepare.begins_like_one(
            start_of(files, name, LOOKED_AT_BYTES)
        )
    except (UnusableFile, OSError):
        return True


def start_of(files: Files, name: str, num_bytes: int) -> bytes:
    """The first bytes of a file; none of a large one in an archive, which must be read whole.

    Raises:
        UnusableFile: it cannot be read.
        OSError: the same, in a folder.
    """
    member = files.members[name]
    if not isinstance(files.tree, Folder):
        return files.tree.read(member, MAX_BYTES)[:num_bytes] if member.size < MAX_BYTES else b""
    # It may have become a pipe since it was listed, which must not block.
    descriptor = os.open(files.tree.root / member.path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(descriptor, num_bytes)
    finally:
        os.close(descriptor)


def kinds_of_others(files: Files, examples: set[str], prepare: Prepare) -> Counter[str]:
    """Count the files that are not examples, by kind, with those that were never members."""
    found = Counter(files.beside)
    for name in files.others:
        if name not in examples:
            found[f"not {prepare.NOUN}s: {_suffix(name) or 'no suffix'}"] += 1
    return found


def _suffix(name: str) -> str:
    """A suffix in lower case; empty if the name has none, or an unusual one."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if re.fullmatch(r"\.[\w-]{1,11}", suffix) else ""
