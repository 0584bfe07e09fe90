"""The result of stripping an encoded image: the parts that decoding needs, and the kinds removed.

The compressed pixels are copied unchanged. Only the structure is read, so nothing in it (compressed
text, colour profiles, previews) is ever unpacked.
"""

from typing import NamedTuple


class ImageHeader(NamedTuple):
    """Properties of an encoded image, read from its structure."""

    width: int
    height: int
    channels: int
    """Channels of a JPEG: 1 grey, 3 colour, 4 CMYK; of a PNG samples of a pixel, 1 to 4."""
    exif: bytes
    """The EXIF block, which may have the orientation; empty if there was none."""
    xmp: bytes
    """The XMP block, likewise."""


class StrippedImage(NamedTuple):
    """An encoded image with only the parts that decoding needs."""

    data: bytes
    removed: frozenset[str]
    """Kinds of metadata that `data` lacks.

    exif, gps, xmp, iptc, comment, profile, thumbnail, trailer (bytes after the end, among them
    second pictures), frames (further frames of an animation), tables (that no pixel needs), time,
    and `app3` or `prVt`: the name of a block of unknown content.
    """
    header: ImageHeader
