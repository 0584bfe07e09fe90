"""Ids of served examples that people collect: `served/` and the start of the content's SHA-256."""

import re

DIGITS = 24
SERVED_ID = re.compile(rf"served/[0-9a-f]{{{DIGITS}}}")


def id_of(digest: str) -> str:
    """The id of the content with this SHA-256, in hexadecimal digits."""
    return f"served/{digest[:DIGITS]}"


def is_served_id(id: str | None) -> bool:
    return id is not None and SERVED_ID.fullmatch(id) is not None
