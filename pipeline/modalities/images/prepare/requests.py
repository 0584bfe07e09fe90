"""The names of modalities/protocols/requests.py, for images."""

import base64
import re
from collections.abc import Mapping
from typing import Any

from pipeline.modalities.images.content.measurements import MEASUREMENTS
from pipeline.modalities.images.prepare.preparing import prepare

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

CONTENT = "image"
EXAMPLE = "--data-binary @photo.jpg"
LIMITS = {"max_megapixels": 16}
MEASURED = [m.name for m in MEASUREMENTS if m.type != "uint64"]
FORM = '{"image": "<base64 of an image file>"}'
PNG = b"\x89PNG\r\n\x1a\n"
FRAME = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]...(..)(..)", re.DOTALL)
"""The frame header of a JPEG, with height and width; other bytes may look like it."""
DEAR_BYTES = 256 << 10
DEAR_PIXELS = 1 << 20


def from_json(value: Any) -> bytes:
    encoded = value.get(CONTENT) if isinstance(value, Mapping) else None
    if not isinstance(encoded, str):
        raise ValueError(f"expected {FORM}")
    return from_text(encoded)


def from_text(text: str) -> bytes:
    """Decode base64, by RFC 4648."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError(f"{CONTENT} is no base64, expected {FORM}") from None


def is_dear(content: bytes) -> bool:
    """Whether an image is large, or may be: a bomb, or a format without a quick size."""
    if len(content) > DEAR_BYTES:
        return True
    if content.startswith(PNG):
        width, height = content[16:20], content[20:24]
        return _num(width) * _num(height) > DEAR_PIXELS
    if content.startswith(b"\xff\xd8"):
        frames = FRAME.finditer(content)
        return any(_num(frame[1]) * _num(frame[2]) > DEAR_PIXELS for frame in frames)
    return True


def _num(big_endian: bytes) -> int:
    return int.from_bytes(big_endian)
