"""Reasons why bytes are not a usable image."""

import re

from pipeline.modalities.images.content.unread_formats import TRUEVISION, UNREAD_FORMATS
from pipeline.modalities.prepared import UnreadFormat

LOOKS_LIKE = (
    (rb"\xff\xd8\xff", "a damaged JPEG file"),
    (rb"\x89PNG", "a damaged PNG file"),
    (rb"GIF8", "a damaged GIF file"),
    (rb"RIFF....WEBP", "a damaged WEBP file"),
    (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", "a damaged TIFF file"),
    (rb"P[1-6y]\s", "a damaged PPM file"),
    (rb"\x80[\x02-\x05]", "a Python pickle"),
    (rb"\x7fELF|MZ|\xcf\xfa\xed\xfe|#!", "a program"),
    (rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf|\xfd7zXZ|BZh|\x28\xb5\x2f\xfd", "an archive"),
    (rb"%PDF", "a PDF document"),
    (rb"version https://git-lfs", "a Git LFS pointer, not the file itself (git lfs pull)"),
    (rb"/annex/objects/", "a git-annex pointer, not the file itself (git annex get)"),
    (
        rb"(?:md5|outs):[^\n]*\n[^\0]*(?:md5|path): ",
        "a DVC pointer, not the file itself (dvc pull)",
    ),
    (rb"\x89HDF|CDF\x01|\x93NUMPY|MATLAB 5", "an array of numbers in a file of its own format"),
    (rb"(?i:\s*<!doctype html|\s*<html)", "an HTML page"),
    (rb"\0+\Z", "nothing but zeros"),
    (rb"[\t\n\r\x20-\x7e]+\Z", "text"),
)
LOOKED_AT_BYTES = 512


class UnreadableImage(Exception):
    """Why these bytes are not a usable image."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        """A `transient` reason may be gone next time: there was too little memory."""
        super().__init__(reason)
        self.transient = transient


def refuse_oversize(width: int, height: int, max_pixels: float) -> None:
    """Refuse to decode an image whose header claims too many pixels (decompression bombs)."""
    if width * height > max_pixels:
        size = f"{width} x {height}"
        raise UnreadableImage(f"{size} pixels, more than {max_pixels:.0f} allowed")


def not_read(kind: str, instead: str) -> UnreadableImage:
    """The error for a valid file of a kind that is not read, with an alternative."""
    return UnreadableImage(f"{kind}, which is not read: {instead}")


def unread_format(content: bytes) -> UnreadFormat | None:
    """The known format of a picture, drawing or video that is not read; None for others."""
    for pattern, found, _ in UNREAD_FORMATS:
        if re.match(pattern, content[:LOOKED_AT_BYTES], re.DOTALL):
            return found
    return TRUEVISION if content[-18:-2] == b"TRUEVISION-XFILE" else None


def likely_content(data: bytes) -> str | None:
    """Name the likely content of bytes that are not an image: "a PDF document"; None if unknown."""
    for pattern, content in LOOKS_LIKE:
        if re.match(pattern, data[:LOOKED_AT_BYTES], re.DOTALL):
            return content
    return None
