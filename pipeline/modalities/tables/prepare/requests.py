"""The names of modalities/protocols/requests.py, for tables."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.modalities.tables.prepare.preparing import MEASURED, prepare

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

CONTENT = "row"
EXAMPLE = "-d @row.json"
LIMITS: dict[str, Any] = {}
DEAR_BYTES = 256 << 10


def from_json(value: Any) -> bytes:
    if not isinstance(value, Mapping):
        raise ValueError("expected a JSON object with a value for each column")
    return json.dumps(value).encode()


def from_text(text: str) -> bytes:
    """A JSON object as text."""
    return text.encode("utf-8", "surrogatepass")


def is_dear(content: bytes) -> bool:
    return len(content) > DEAR_BYTES
