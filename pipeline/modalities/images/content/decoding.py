"""Images: decode safely, strip metadata without touching a pixel.

Stored form: a JPEG or PNG keeps its own compressed pixels, less every block that decoding
does not need (EXIF, GPS, XMP, IPTC, comments, thumbnails, colour profiles, bytes after the end).
Any other format, an image that EXIF or XMP says is turned, and one whose structure is odd, is
stored as a PNG of its pixels. Decoding the stored image gives the pixels that were measured.

Decoded form: 8 bits a channel, grey (1 channel) or RGB (3), upright.

    1, L                8-bit grey
    I;16, I;16B         grey, 65535 becoming 255 (rounded)
    P, PA, YCbCr, HSV   RGB
    CMYK, YCCK          RGB by the plain formula, without the profile
    LAB                 sRGB, by LittleCMS
    LA, RGBA, P with transparency   laid over white
    16 bits a channel   RGB of the upper 8 bits
    I, F                refused: nobody knows the range of 32-bit values
    animation, pages, second pictures   the first one
    colour profiles     are not applied: the values stay as they are

A JPEG whose compressed pixels are damaged or go on after the last one is refused. Nobody looks for
messages in the pixels themselves (low bits, unused colours of a palette).
"""

import io
import re
from typing import NamedTuple

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

from pipeline.modalities.images.content.exif import UPRIGHT, read_orientation, turn
from pipeline.modalities.images.content.jpeg import SOI, strip_jpeg
from pipeline.modalities.images.content.pillow import metadata_kinds, open_image, read_pixels
from pipeline.modalities.images.content.png import hides_bytes, strip_png
from pipeline.modalities.images.content.refusals import UnreadableImage, refuse_oversize
from pipeline.modalities.images.content.stripped_image import StrippedImage

JPEG_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
# Warnings of libjpeg about damaged pixels: "Corrupt JPEG data: 5 extraneous bytes before …".
JPEG_DAMAGE = re.compile(r"(?:Corrupt JPEG data: (?:\d+ )?|(?=Premature))(.*)")


class StoredImage(NamedTuple):
    """An image in the form that data/raw has, and what measurements need of it."""

    data: bytes
    """Encoded image without metadata."""
    pixels: NDArray[np.uint8]
    """Shape `(H, W, C)`, C 1 or 3."""
    mode: str
    """Pillow's mode of the original: L, RGB, P, CMYK …"""
    removed: list[str]
    """Kinds of metadata that the original had; see stripped_image.py."""


def decode(data: bytes, max_pixels: float = float("inf")) -> NDArray[np.uint8]:
    """Decode an image to pixels, shape `(H, W, C)`, C 1 or 3, upright.

    Raises:
        UnreadableImage: empty, of no allowed format, with more than `max_pixels` pixels, or with
            truncated or damaged pixels.
    """
    stripped = _strip(data)
    if stripped is None:
        return read_pixels(open_image(data, max_pixels))
    pixels, _ = _decode_stripped(stripped, max_pixels)
    return turn(pixels, read_orientation(stripped.header)[0])


def prepare(data: bytes, max_pixels: float) -> StoredImage:
    """Decode an image and bring it to the form that the pipeline stores.

    Raises:
        UnreadableImage: see `decode`.
    """
    stripped = _strip(data)
    if stripped is None:
        return _prepare_other(data, max_pixels)
    removed = stripped.removed
    pixels, mode = _decode_stripped(stripped, max_pixels)
    orientation, kinds_in_exif = read_orientation(stripped.header)
    stored = stripped.data
    if not stored.startswith(SOI) and hides_bytes(stored):
        removed = removed | {"trailer"}
        stored = encode_png(pixels)
    if orientation != UPRIGHT:
        pixels = turn(pixels, orientation)
        stored = encode_png(pixels)
    return StoredImage(stored, pixels, mode, sorted(removed | kinds_in_exif))


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _strip(data: bytes) -> StrippedImage | None:
    return strip_jpeg(data) if data.startswith(SOI) else strip_png(data)


def _decode_stripped(stripped: StrippedImage, max_pixels: float) -> tuple[NDArray[np.uint8], str]:
    """Decode without turning; return pixels, shape `(H, W, C)`, and Pillow's mode."""
    header = stripped.header
    refuse_oversize(header.width, header.height, max_pixels)
    if stripped.data.startswith(SOI) and header.channels in JPEG_MODES:
        mode = JPEG_MODES[header.channels]
        try:
            # The same libjpeg-turbo as Pillow's, with the same options, five times as fast for
            # small images; and it names the damage.
            pixels = simplejpeg.decode_jpeg(stripped.data, "GRAY" if mode == "L" else mode)
        except ValueError as error:
            if damage := JPEG_DAMAGE.match(str(error)):
                raise UnreadableImage(f"damaged pixels: {damage[1]}") from None
        else:
            if mode != "CMYK":  # Pillow knows which of them are inverted
                return pixels, mode
    image = open_image(stripped.data, max_pixels)
    mode = image.mode
    return read_pixels(image, turn=False), mode


def _prepare_other(data: bytes, max_pixels: float) -> StoredImage:
    """Prepare an image of another format or an odd structure, by Pillow alone."""
    image = open_image(data, max_pixels)
    mode = image.mode
    pixels = read_pixels(image)
    return StoredImage(encode_png(pixels), pixels, mode, sorted(metadata_kinds(data)))
