"""What an encoded image carries beside its pixels: keep what decoding needs, name the rest.

The compressed pixels are copied without a change. Only the structure is read, so nothing in it
(compressed text, colour profiles, previews) is ever unpacked.
"""

from typing import NamedTuple


class ImageHeader(NamedTuple):
    """What the structure of an encoded image says of it."""

    width: int
    height: int
    channels: int
    """Of a JPEG: 1 grey, 3 colour, 4 CMYK. Of a PNG: samples of a pixel, 1 to 4."""
    exif: bytes
    """The EXIF block, which may say how to turn the image; empty if there was none."""
    xmp: bytes
    """The XMP block, likewise."""


class StrippedImage(NamedTuple):
    """An encoded image without what decoding does not need."""

    data: bytes
    removed: frozenset[str]
    """Kinds of metadata that `data` lacks.

    exif, gps, xmp, iptc, comment, profile, thumbnail, trailer (bytes after the end, among them
    second pictures), frames (further frames of an animation), tables (that no pixel needs), time,
    and `app3` or `prVt`: the name of a block of unknown content.
    """
    header: ImageHeader
