"""The names of modalities/protocols/requests.py, for texts."""

from collections.abc import Mapping
from typing import Any

from pipeline.modalities.text.content.personal import KINDS
from pipeline.modalities.text.prepare.preparing import MEASURED, prepare

__all__ = [
    "CONTENT",
    "EXAMPLE",
    "LIMITS",
    "MEASURED",
    "from_json",
    "from_text",
    "is_dear",
    "prepare",
]

CONTENT = "text"
EXAMPLE = '-H content-type:application/json -d \'{"text": "Where is my parcel?"}\''
LIMITS: dict[str, Any] = {"redact": sorted(KINDS)}
"""Answers are the same for texts with and without; what is kept of requests has none."""
FORM = '{"text": "..."}'
DEAR_BYTES = 64 << 10


def from_json(value: Any) -> bytes:
    text = value.get(CONTENT) if isinstance(value, Mapping) else value
    if not isinstance(text, str):
        raise ValueError(f"expected {FORM}")
    return from_text(text)


def from_text(text: str) -> bytes:
    """The text itself."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{CONTENT} has half a character") from None


def is_dear(content: bytes) -> bool:
    return len(content) > DEAR_BYTES
