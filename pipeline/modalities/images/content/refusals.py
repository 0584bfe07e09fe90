"""Why bytes are no image that can be used."""

import re

LOOKS_LIKE = (
    (rb"\xff\xd8\xff", "a damaged JPEG file"),
    (rb"\x89PNG", "a damaged PNG file"),
    (rb"GIF8", "a damaged GIF file"),
    (rb"RIFF....WEBP", "a damaged WEBP file"),
    (rb"II\*\0|MM\0\*", "a damaged TIFF file"),
    (rb"\x80[\x02-\x05]", "a Python pickle"),
    (rb"\x7fELF|MZ|\xcf\xfa\xed\xfe|#!", "a program"),
    (rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf|\xfd7zXZ|BZh|\x28\xb5\x2f\xfd", "an archive"),
    (rb"%PDF", "a PDF document"),
    (rb"....ftyp(?:hei|hev|mif)", "a HEIC photo"),
    (rb"....ftypavi", "an AVIF picture"),
    (rb"....ftyp", "a video"),
    (rb"\0\0\0\x0cJXL |\xff\x0a", "a JPEG XL picture"),
    (rb"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (rb"8BPS", "a Photoshop document"),
    (rb"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (rb"(?s:\s*<.{0,400}?<svg|\s*<svg)", "an SVG drawing"),
    (rb"(?i:\s*<!doctype html|\s*<html)", "an HTML page"),
    (rb"\0+\Z", "nothing but zeros"),
    (rb"[\t\n\r\x20-\x7e]+\Z", "text"),
)
LOOKED_AT_BYTES = 512


class UnreadableImage(Exception):
    """Why these bytes are no image that can be used."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        """A `transient` reason may be gone next time: there was too little memory."""
        super().__init__(reason)
        self.transient = transient


def refuse_oversize(width: int, height: int, max_pixels: float) -> None:
    """Refuse to decode an image whose header claims too many pixels (decompression bombs)."""
    if width * height > max_pixels:
        size = f"{width} x {height}"
        raise UnreadableImage(f"{size} pixels, more than {max_pixels:.0f} allowed")


def likely_content(data: bytes) -> str | None:
    """Name what bytes that are no image look like: "a PDF document"; None if like nothing known."""
    for pattern, content in LOOKS_LIKE:
        if re.match(pattern, data[:LOOKED_AT_BYTES], re.DOTALL):
            return content
    return None
