"""Bytes that identify an encoded image in any file."""

from collections.abc import Mapping
from typing import Any

from pipeline.dataset.traces import telling_part

JPEG, JPEG_SCAN = b"\xff\xd8\xff", b"\xff\xda"
HEADER_BYTES = 41  # of a PNG: signature, IHDR, and the length and name of the next chunk
END_BYTES = 16  # at most, the end marker of a JPEG or PNG


def trace(content: Mapping[str, Any]) -> bytes:
    """Bytes of the compressed pixels: tables and end markers are alike in many images.

    All bytes of a small image; empty without an image.
    """
    image: bytes = content["image"] or b""
    start = image.rfind(JPEG_SCAN) if image.startswith(JPEG) else HEADER_BYTES
    return telling_part(image[start : len(image) - END_BYTES]) or image
