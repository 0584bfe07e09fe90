"""Reads images by Pillow: any format, and the metadata of those stored as PNGs."""

import io
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from pipeline.modalities.images.content import tiff
from pipeline.modalities.images.content.deep_grey import (
    Range,
    mode_with_range,
    refuse_few_levels,
    to_8_bits,
    used_range,
)
from pipeline.modalities.images.content.exif import kinds_in_exif
from pipeline.modalities.images.content.jpeg import MAX_SCANS, SOI
from pipeline.modalities.images.content.jpeg_kinds import unread_kind
from pipeline.modalities.images.content.refusals import (
    UnreadableImage,
    likely_content,
    not_read,
    refuse_oversize,
    unread_format,
)
from pipeline.modalities.images.content.silence import silence

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
GREY_MODES = ("1", "L", "LA", "La")
PAGE = "groundwork page"  # key under which `open_image` stores the tags of a TIFF
FULL_BITS = 16
# Kinds of the blocks in `Image.info`.
INFO_KINDS = {
    "exif": "exif",
    "xmp": "xmp",
    "XML:com.adobe.xmp": "xmp",
    "comment": "comment",
    "icc_profile": "profile",
    "photoshop": "iptc",
}
# Kinds of the tags of a TIFF that describe people, devices or times, not the pixels: description,
# make, model, software, time, artist, host, copyright, EXIF; further ones by name.
TIFF_KINDS = dict.fromkeys((270, 271, 272, 305, 306, 315, 316, 33432, 34665), "exif") | {
    700: "xmp",
    33723: "iptc",
    34377: "iptc",
    34675: "profile",
    34853: "gps",
}
TIFF_PRIVATE = 32768  # tags from here on are private
# Pillow only warns of decompression bombs, by a fixed limit; `refuse_oversize` replaces it.
Image.MAX_IMAGE_PIXELS = None


class Decoded(NamedTuple):
    """The pixels of an image, and its original mode."""

    pixels: NDArray[np.uint8]
    """Shape `(H, W, C)`, C 1 or 3."""
    mode: str
    """Pillow's mode, with the used range if it is little of 16 bits: `I;16 0-4095`."""


def open_image(data: bytes, max_pixels: float) -> Image.Image:
    """Read the header, and refuse images that should not be decoded.

    Raises:
        UnreadableImage: empty, of no allowed format or of a kind of it that is not read, or with
            more than `max_pixels` pixels.
    """
    if not data:
        raise UnreadableImage("empty file")
    page = tiff.read_page(data) if data.startswith(tiff.STARTS) else None
    if page:
        tiff.refuse_unread(data, page)
    try:
        with silence(of_c=False):
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise _unidentified(data, page) from None
    except Exception as error:  # a hostile header can make decoders raise anything
        raise UnreadableImage(
            f"damaged header ({type(error).__name__})", transient=isinstance(error, MemoryError)
        ) from None
    refuse_oversize(image.width, image.height, max_pixels)
    if data.startswith(SOI) and data.count(b"\xff\xda") > MAX_SCANS:
        raise UnreadableImage(f"more than {MAX_SCANS} scans")
    image.info[PAGE] = page
    return image


def _unidentified(data: bytes, page: tiff.TiffPage | None) -> UnreadableImage:
    """The error for bytes that Pillow cannot open, which names their format."""
    if page and tiff.COMPRESSION in page.tags:
        return tiff.unread_kind(page)
    if data.startswith(SOI) and (kind := unread_kind(data)):
        return not_read(kind, tiff.INSTEAD)
    if (found := unread_format(data)) is not None:
        return not_read(found.name, found.convert)
    content = likely_content(data)
    but = f", but {content}" if content else ""
    return UnreadableImage(f"no image in any of {', '.join(FORMATS)}{but}")


def read_pixels(
    image: Image.Image, *, turn: bool = True, range_16bit: Range | None = None
) -> Decoded:
    """Decode to 8 bits a channel; upright with `turn`.

    Args:
        image: the result of `open_image`.
        range_16bit: values of 16-bit grey that become 0 and 255; None for 0 and 65535.

    Raises:
        UnreadableImage: truncated or damaged pixels, 32-bit values, or 16-bit ones that would be
            blank.
    """
    page: tiff.TiffPage | None = image.info.pop(PAGE, None)
    mode, kind = image.mode, image.format
    try:
        with silence(of_c=kind == "TIFF"):
            image.load()
        if turn:
            # A hostile EXIF block can make its parser raise anything; it then has no effect.
            with silence(of_c=False), suppress(Exception):
                image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I;16") or (image.mode == "I" and kind == "PPM"):
            return _scaled(image, mode, page, range_16bit)
        image = _over_white(image)
        if image.mode in ("F", "I"):
            raise ValueError("32-bit values, whose range nobody knows")
        if image.mode == "LAB":
            lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
            to_rgb = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
            image = to_rgb.apply(image)
        wanted = "L" if image.mode in GREY_MODES else "RGB"
        pixels = np.asarray(image if image.mode == wanted else image.convert(wanted))
    except UnreadableImage:
        raise
    except Exception as error:  # damaged data can make decoders raise anything
        if page and page.compression:
            raise tiff.unread_kind(page) from None
        reason = str(error).split("(")[0].strip() or type(error).__name__
        raise UnreadableImage(
            f"damaged pixels: {reason}", transient=isinstance(error, MemoryError)
        ) from None
    return Decoded(pixels[:, :, None] if pixels.ndim == 2 else pixels, mode)


def _scaled(
    image: Image.Image, mode: str, page: tiff.TiffPage | None, range_16bit: Range | None
) -> Decoded:
    """Scale grey of up to 16 bits to 8; Pillow would clip it at 255.

    Raises:
        UnreadableImage: it would only become blank by scaling.
    """
    values = np.asarray(image)
    num_bits = page.bits[0] if page else FULL_BITS
    is_deep, most = num_bits == FULL_BITS, Range(0, (1 << num_bits) - 1)
    if page and page.is_white_zero:
        values = most.high - values
    if is_deep and range_16bit is None:
        refuse_few_levels(values)
        mode = mode_with_range(mode, used_range(values))
    grey = to_8_bits(values, range_16bit if is_deep and range_16bit else most)
    if (seen_through := image.info.get("transparency")) is not None:
        grey = np.where(values == seen_through, 255, grey).astype(np.uint8)
    return Decoded(grey[:, :, None], mode)


def metadata_kinds(data: bytes) -> set[str]:
    """Name the kinds of metadata in an encoded image of any format; see stripped_image.py."""
    kinds: set[str] = set()
    with silence(of_c=False), suppress(Exception):  # as in read_pixels
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        kinds |= {kind for key, kind in INFO_KINDS.items() if image.info.get(key)}
        kinds |= {"xmp"} if b"XMP" in image.info.get("extension", (b"",))[0] else set()
        exif = image.getexif()
        kinds |= kinds_in_exif(exif)
        if image.format == "TIFF":
            kinds.discard("thumbnail")  # its second picture is a page
            tags = [tag for tag in exif if tag in TIFF_KINDS or tag >= TIFF_PRIVATE]
            kinds |= {TIFF_KINDS.get(tag, "other") for tag in tags}
        # `n_frames` would make Pillow read every page of a file that may have millions.
        kinds |= {"frames"} if getattr(image, "is_animated", False) else set()
    return kinds


def _over_white(image: Image.Image) -> Image.Image:
    """Lay a transparent image over white."""
    if not {"A", "a"} & set(image.getbands()) and "transparency" not in image.info:
        return image
    grey = image.mode in GREY_MODES
    if image.mode == "La":
        image = image.convert("LA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("L" if grey else "RGB")
