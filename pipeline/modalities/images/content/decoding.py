"""Decodes images safely, and strips metadata without touching a pixel.

Stored form: a JPEG or PNG keeps its own compressed pixels, less every block that decoding
does not need (EXIF, GPS, XMP, IPTC, comments, thumbnails, colour profiles, bytes after the end).
Any other format, an image turned by EXIF or XMP, and one of odd structure, is stored as a PNG of
its pixels. Decoding the stored image gives the pixels that were measured.

Decoded form: 8 bits a channel, grey (1 channel) or RGB (3), upright.

    1, L                8-bit grey
    I;16, I;16B         grey, 65535 becoming 255 (rounded), or as the entry's range_16bit says
    P, PA, YCbCr, HSV   RGB
    CMYK, YCCK          RGB by the plain formula, without the profile
    LAB                 sRGB, by LittleCMS
    LA, RGBA, P with transparency   laid over white
    16 bits a channel   RGB of the upper 8 bits
    I of a PGM          likewise; 12 bits of a TIFF: 4095 becoming 255
    I, F                refused: nobody knows the range of 32-bit values
    animation, pages, second pictures   the first one
    colour profiles     are not applied: the values stay as they are

A JPEG whose compressed pixels are damaged or continue after the last one is refused; but padding
by cameras, bytes of one value after the last pixel, is cut off. Messages in the pixels themselves
(low bits, unused colours of a palette) are not detected.
"""

import io
import re
from typing import NamedTuple

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

from pipeline.modalities.images.content.deep_grey import Range, mode_with_range
from pipeline.modalities.images.content.exif import UPRIGHT, read_orientation, turn
from pipeline.modalities.images.content.jpeg import EOI, SOI, strip_jpeg
from pipeline.modalities.images.content.pillow import (
    Decoded,
    metadata_kinds,
    open_image,
    read_pixels,
)
from pipeline.modalities.images.content.png import hides_bytes, is_deep_png, strip_png
from pipeline.modalities.images.content.refusals import UnreadableImage, refuse_oversize
from pipeline.modalities.images.content.stripped_image import StrippedImage

JPEG_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
# Warnings of libjpeg about damaged pixels: "Corrupt JPEG data: 5 extraneous bytes before …".
JPEG_PADDING = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")
JPEG_DAMAGE = re.compile(r"(?:Corrupt JPEG data: (?:\d+ )?|(?=Premature))(.*)")


class StoredImage(NamedTuple):
    """An image in its stored form, with the pixels to measure."""

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
        return read_pixels(open_image(data, max_pixels)).pixels
    _, decoded = _decode_stripped(stripped, max_pixels)
    return turn(decoded.pixels, read_orientation(stripped.header)[0])


def prepare(data: bytes, max_pixels: float, range_16bit: Range | None = None) -> StoredImage:
    """Decode an image and convert it to the stored form.

    `range_16bit` has the values of 16-bit grey that become 0 and 255; None for 0 and 65535.

    Raises:
        UnreadableImage: see `decode`.
    """
    stripped = _strip(data)
    if stripped is None:
        return _prepare_other(data, max_pixels, range_16bit)
    removed = stripped.removed
    stored, (pixels, mode) = _decode_stripped(stripped, max_pixels, range_16bit)
    orientation, kinds_in_exif = read_orientation(stripped.header)
    if stored is not stripped.data:
        removed = removed | {"trailer"}
    if not stored.startswith(SOI) and hides_bytes(stored):
        removed = removed | {"trailer"}
        stored = encode_png(pixels)
    if range_16bit is not None and is_deep_png(stored):
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


def _decode_stripped(
    stripped: StrippedImage, max_pixels: float, range_16bit: Range | None = None
) -> tuple[bytes, Decoded]:
    """Decode without turning; return the data without padding, and their pixels."""
    header = stripped.header
    refuse_oversize(header.width, header.height, max_pixels)
    data = stripped.data
    if data.startswith(SOI) and header.channels in JPEG_MODES:
        mode = JPEG_MODES[header.channels]
        try:
            data, pixels = _decode_jpeg(data, "GRAY" if mode == "L" else mode)
        except ValueError as error:
            if damage := JPEG_DAMAGE.match(str(error)):
                raise UnreadableImage(f"damaged pixels: {damage[1]}") from None
        else:
            if mode != "CMYK":  # Pillow knows which of them are inverted
                return data, Decoded(pixels, mode)
    decoded = read_pixels(open_image(data, max_pixels), turn=False, range_16bit=range_16bit)
    if is_deep_png(data) and decoded.pixels.shape[2] > 1:
        low, high = int(decoded.pixels.min()), int(decoded.pixels.max())
        mode = mode_with_range(decoded.mode, Range(low << 8, high << 8 | 255))
        return data, decoded._replace(mode=mode)
    return data, decoded


def _decode_jpeg(data: bytes, colours: str) -> tuple[bytes, NDArray[np.uint8]]:
    """Decode a JPEG, and cut off bytes of one value between its last pixel and its end.

    Raises:
        ValueError: names the damage, or simplejpeg does not read this kind.
    """
    while True:
        try:
            # The same libjpeg-turbo as Pillow's, with the same options, five times as fast for
            # small images; and it names the damage.
            return data, simplejpeg.decode_jpeg(data, colours)
        except ValueError as error:
            padding = JPEG_PADDING.match(str(error))
            if padding is None:
                raise
            end = len(data) - len(EOI)
            start = end - int(padding[1])
            if not 0 < start < end or len(set(data[start:end])) != 1:
                raise
            data = data[:start] + EOI


def _prepare_other(data: bytes, max_pixels: float, range_16bit: Range | None) -> StoredImage:
    """Prepare an image of another format or an odd structure, by Pillow alone."""
    pixels, mode = read_pixels(open_image(data, max_pixels), range_16bit=range_16bit)
    return StoredImage(encode_png(pixels), pixels, mode, sorted(metadata_kinds(data)))
