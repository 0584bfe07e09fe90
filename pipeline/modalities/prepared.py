"""What a modality makes of contents; knows no Arrow, so that a server can prepare."""

from typing import Any, NamedTuple


class Prepared(NamedTuple):
    """N contents in the form that data/raw has; each list has a value for each of them."""

    content: dict[str, list[Any]]
    """By column of CONTENT, as it is stored; None where the content cannot be used."""
    digests: list[str | None]
    """Hex SHA-256 of the content as it is stored; None likewise."""
    measured: dict[str, list[Any]]
    """By name of MEASUREMENTS; None likewise."""
    words: dict[str, list[str | None]]
    """By column of WORDS; None likewise."""
    removed: list[list[str]]
    """Kinds of metadata that the content had, in the order of their letters."""
    problems: list[str | None]
    """Why the content cannot be used; None where it can."""
    transient: list[bool]
    """Whether the problem may pass: there was too little memory."""
