"""Images: decode safely, strip metadata without touching a pixel.

What is stored: a JPEG or PNG keeps its own compressed pixels, less every block that decoding
does not need (EXIF, GPS, XMP, IPTC, comments, thumbnails, colour profiles, what follows the
end). Anything else, and an image that EXIF says is rotated, is stored as a PNG of its pixels.

What an image becomes when decoded: 8 bits a channel, grey (1 channel) or RGB (3). Palettes
and other colour spaces become RGB, transparency is laid over white, 16-bit grey is scaled,
an animation gives its first frame.
"""

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from pipeline.dataset.metadata import strip_jpeg, strip_png

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")
GPS = ExifTags.IFD.GPSInfo
# Tags of a TIFF that say something of people, devices or times, not of the pixels: description,
# make, model, software, time, artist, host, XMP, copyright, IPTC, EXIF, GPS.
TIFF_PERSONAL = {270, 271, 272, 305, 306, 315, 316, 700, 33432, 33723, 34665, 34853}

# Pillow only warns of decompression bombs, and by a fixed limit; `open_image` has its own.
Image.MAX_IMAGE_PIXELS = None


class UnreadableImage(Exception):
    """Why these bytes are no image that can be used."""


class StoredImage(NamedTuple):
    data: bytes
    """Encoded image without metadata."""
    pixels: NDArray[np.uint8]
    """Shape `(H, W, C)`, C 1 or 3."""
    mode: str
    """Pillow's mode of the original: L, RGB, P, CMYK …"""
    removed: list[str]
    """Kinds of metadata that were there: exif, gps, xmp, iptc, comment, profile, trailer …"""


def open_image(data: bytes, max_pixels: float) -> Image.Image:
    """Read the header, and refuse what should not be decoded.

    Raises:
        UnreadableImage: empty, of no allowed format, or with more than `max_pixels` pixels.
    """
    if not data:
        raise UnreadableImage("empty file")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise UnreadableImage(f"no image in any of {', '.join(FORMATS)}") from None
    except Exception as error:  # a hostile header makes decoders raise anything
        raise UnreadableImage(f"damaged header ({type(error).__name__})") from None
    if image.width * image.height > max_pixels:
        size = f"{image.width} x {image.height}"
        raise UnreadableImage(f"{size} pixels, more than {max_pixels:.0f} allowed")
    return image


def decode(data: bytes, max_pixels: float = float("inf")) -> NDArray[np.uint8]:
    """Pixels of an encoded image, shape `(H, W, C)`, C 1 or 3, upright.

    Raises:
        UnreadableImage: see `open_image`; or the pixels are truncated or damaged.
    """
    return _pixels(open_image(data, max_pixels))


def prepare(data: bytes, max_pixels: float) -> StoredImage:
    """Decode `data` and make of it what the pipeline stores.

    Raises:
        UnreadableImage: see `decode`.
    """
    image = open_image(data, max_pixels)
    kind, mode = image.format, image.mode
    removed: set[str] = set()
    if kind != "PNG" or b"eXIf" in data:  # asking a PNG for EXIF decodes it
        exif = image.getexif()
        personal = set(exif) & TIFF_PERSONAL if kind == "TIFF" else set(exif)
        removed |= {"exif"} if personal else set()
        removed |= {"gps"} if exif.get_ifd(GPS) else set()
    pixels = _pixels(image)
    stored: bytes | None = None
    if kind in ("JPEG", "MPO"):
        stored = strip_jpeg(data, removed)
    elif kind == "PNG":
        stored = strip_png(data, removed)
    # What was left out may have told how to turn the image; then its pixels are stored instead.
    if stored is None or (stored != data and not _decodes_to(stored, pixels)):
        stored = encode_png(pixels)
    return StoredImage(stored, pixels, mode, sorted(removed))


def _decodes_to(data: bytes, pixels: NDArray[np.uint8]) -> bool:
    try:
        return np.array_equal(decode(data), pixels)
    except UnreadableImage:
        return False


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    try:
        image.load()
        image = ImageOps.exif_transpose(image)
        if image.mode == "F":
            raise ValueError("floating-point values, whose range nobody knows")
        if image.mode.startswith("I"):
            # Pillow would clip 16-bit grey at 255; 65535 / 257 is 255.
            grey = np.asarray(image).astype(np.int64).clip(0, 65535)
            return ((grey + 128) // 257).astype(np.uint8)[:, :, None]
        if "A" in image.getbands() or "transparency" in image.info:
            over = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), over).convert(
                "L" if image.mode in GREY_MODES else "RGB"
            )
        image = image.convert("L" if image.mode in GREY_MODES else "RGB")
    except Exception as error:  # damaged data makes decoders raise anything
        reason = str(error).split("(")[0].strip() or type(error).__name__
        raise UnreadableImage(f"damaged pixels: {reason}") from None
    pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels
