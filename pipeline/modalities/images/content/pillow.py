"""Images as Pillow reads them: any format, and the metadata of those stored as PNGs."""

import io
import warnings
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from pipeline.modalities.images.content.exif import kinds_in_exif
from pipeline.modalities.images.content.jpeg import MAX_SCANS, SOI
from pipeline.modalities.images.content.refusals import (
    UnreadableImage,
    likely_content,
    refuse_oversize,
)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
GREY_MODES = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L")
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
TIFF_PRIVATE = 32768  # tags from here on are those of companies
# Pillow only warns of decompression bombs, and by a fixed limit; `refuse_oversize` has its own.
Image.MAX_IMAGE_PIXELS = None


def open_image(data: bytes, max_pixels: float) -> Image.Image:
    """Read the header, and refuse images that should not be decoded.

    Raises:
        UnreadableImage: empty, of no allowed format, or with more than `max_pixels` pixels.
    """
    if not data:
        raise UnreadableImage("empty file")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        content = likely_content(data)
        but = f", but {content}" if content else ""
        raise UnreadableImage(f"no image in any of {', '.join(FORMATS)}{but}") from None
    except Exception as error:  # a hostile header makes decoders raise anything
        raise UnreadableImage(
            f"damaged header ({type(error).__name__})", transient=isinstance(error, MemoryError)
        ) from None
    refuse_oversize(image.width, image.height, max_pixels)
    if data.startswith(SOI) and data.count(b"\xff\xda") > MAX_SCANS:
        raise UnreadableImage(f"more than {MAX_SCANS} scans")
    return image


def read_pixels(image: Image.Image, *, turn: bool = True) -> NDArray[np.uint8]:
    """Decode to 8 bits a channel, shape `(H, W, C)`, C 1 or 3; upright with `turn`.

    Raises:
        UnreadableImage: truncated or damaged pixels, or 32-bit values.
    """
    try:
        image.load()
        if turn:
            # A hostile EXIF block makes its parser warn and raise anything; it then has no effect.
            with warnings.catch_warnings(action="ignore"), suppress(Exception):
                image = ImageOps.exif_transpose(image)
        image = _over_white(image)
        if image.mode in ("F", "I"):
            raise ValueError("32-bit values, whose range nobody knows")
        if image.mode.startswith("I;16"):
            # Pillow would clip 16-bit grey at 255; 65535 / 257 is 255.
            grey = np.asarray(image).astype(np.uint32)
            return ((grey + 128) // 257).astype(np.uint8)[:, :, None]
        if image.mode == "LAB":
            lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
            to_rgb = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
            image = to_rgb.apply(image)
        mode = "L" if image.mode in GREY_MODES else "RGB"
        pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    except Exception as error:  # damaged data makes decoders raise anything
        reason = str(error).split("(")[0].strip() or type(error).__name__
        raise UnreadableImage(
            f"damaged pixels: {reason}", transient=isinstance(error, MemoryError)
        ) from None
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def metadata_kinds(data: bytes) -> set[str]:
    """Name the kinds of metadata in an encoded image of any format; see stripped_image.py."""
    kinds: set[str] = set()
    with warnings.catch_warnings(action="ignore"), suppress(Exception):  # as in read_pixels
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        kinds |= {kind for key, kind in INFO_KINDS.items() if image.info.get(key)}
        kinds |= {"xmp"} if b"XMP" in image.info.get("extension", (b"",))[0] else set()
        exif = image.getexif()
        kinds |= kinds_in_exif(exif)
        if image.format == "TIFF":
            kinds.discard("thumbnail")  # its second picture is a page
            tags = [tag for tag in exif if tag in TIFF_KINDS or tag >= TIFF_PRIVATE]
            kinds |= {TIFF_KINDS.get(tag, "other") for tag in tags}
        kinds |= {"frames"} if getattr(image, "n_frames", 1) > 1 else set()
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
