"""Contents prepared by a modality; free of Arrow, so that a server can prepare."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Prepared(NamedTuple):
    """N contents in the form of data/raw; each list has a value for each of them."""

    content: dict[str, list[Any]]
    """Stored values by column of CONTENT; None where the content cannot be used."""
    digests: list[str | None]
    """Hex SHA-256 of the stored content; None likewise."""
    measured: dict[str, list[Any]]
    """Values by name of MEASUREMENTS; None likewise."""
    words: dict[str, list[str | None]]
    """Words by column of WORDS; None likewise."""
    removed: list[list[str]]
    """Kinds of metadata that the content had, sorted."""
    problems: list[str | None]
    """Why the content cannot be used; None if it can."""
    transient: list[bool]
    """Whether the problem may pass: there was too little memory."""


class UnreadFormat(NamedTuple):
    """A known format of contents that is not read."""

    name: str
    """Name of one content: `a HEIC photo`."""
    convert: str
    """How to convert it to a format that is read."""


class Unusable(Exception):
    """Why a content cannot be used."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        """A `transient` reason may be gone next time: there was too little memory."""
        super().__init__(reason)
        self.transient = transient


def prepare_each(
    contents: Sequence[bytes | None],
    column: str,
    measured: Sequence[str],
    prepare_one: Callable[[bytes], tuple[str | bytes, Mapping[str, Any]]],
) -> Prepared:
    """Prepare contents one by one, for a modality with one column and no metadata.

    `prepare_one` returns a content in its stored form and its `measured` values, or raises
    Unusable.
    """
    found = Prepared({column: []}, [], {name: [] for name in measured}, {}, [], [], [])
    for content in contents:
        stored: str | bytes | None = None
        values: Mapping[str, Any] = {}
        digest: str | None = None
        problem: str | None = None
        may_pass = False
        try:
            if content is None:
                raise Unusable("no content")
            stored, values = prepare_one(content)
            as_bytes = stored.encode() if isinstance(stored, str) else stored
            digest = hashlib.sha256(as_bytes).hexdigest()
        except Unusable as reason:
            problem, may_pass = str(reason), reason.transient
        found.content[column].append(stored)
        found.digests.append(digest)
        for name in measured:
            found.measured[name].append(values.get(name))
        found.removed.append([])
        found.problems.append(problem)
        found.transient.append(may_pass)
    return found
