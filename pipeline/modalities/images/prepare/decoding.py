"""Images: decode safely, strip metadata without touching a pixel.

What is stored: a JPEG or PNG keeps its own compressed pixels, less every block that decoding
does not need (EXIF, GPS, XMP, IPTC, comments, thumbnails, colour profiles, what follows the
end). Anything else, an image that EXIF or XMP says is turned, and one whose structure is odd, is
stored as a PNG of its pixels. Decoding what is stored gives the pixels that were measured.

What an image becomes when decoded: 8 bits a channel, grey (1 channel) or RGB (3), upright.

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

A JPEG whose compressed pixels are damaged or go on after the last one is refused. What hides in
the pixels themselves (low bits, unused colours of a palette) is not looked for.
"""

import io
import re
import warnings
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import simplejpeg  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from pipeline.modalities.images.prepare.metadata import (
    MAX_SCANS,
    SOI,
    Stripped,
    hides_bytes,
    strip_jpeg,
    strip_png,
)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
GREY_MODES = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L")
JPEG_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
ORIENTATION = ExifTags.Base.Orientation
XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
# What libjpeg says of damaged pixels, such as "Corrupt JPEG data: 5 extraneous bytes before …".
JPEG_DAMAGE = re.compile(r"(?:Corrupt JPEG data: (?:\d+ )?|(?=Premature))(.*)")
# Blocks that Pillow finds in formats that are stored as PNGs.
INFO_KINDS = {
    "exif": "exif",
    "xmp": "xmp",
    "XML:com.adobe.xmp": "xmp",
    "comment": "comment",
    "icc_profile": "profile",
    "photoshop": "iptc",
}
# Tags of a TIFF that say something of people, devices or times, not of the pixels: description,
# make, model, software, time, artist, host, copyright, EXIF.
TIFF_KINDS = dict.fromkeys((270, 271, 272, 305, 306, 315, 316, 33432, 34665), "exif") | {
    700: "xmp",
    33723: "iptc",
    34377: "iptc",
    34675: "profile",
    34853: "gps",
}
TIFF_PRIVATE = 32768  # tags from here on are those of companies
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

# Pillow only warns of decompression bombs, and by a fixed limit; `refuse_oversize` has its own.
Image.MAX_IMAGE_PIXELS = None


class UnreadableImage(Exception):
    """Why these bytes are no image that can be used."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        """A `transient` reason may be gone next time: there was too little memory."""
        super().__init__(reason)
        self.transient = transient


class StoredImage(NamedTuple):
    data: bytes
    """Encoded image without metadata."""
    pixels: NDArray[np.uint8]
    """Shape `(H, W, C)`, C 1 or 3."""
    mode: str
    """Pillow's mode of the original: L, RGB, P, CMYK …"""
    removed: list[str]
    """Kinds of metadata that were there; see metadata.py."""


def decode(data: bytes, max_pixels: float = float("inf")) -> NDArray[np.uint8]:
    """Pixels of an encoded image, shape `(H, W, C)`, C 1 or 3, upright.

    Raises:
        UnreadableImage: empty, of no allowed format, with more than `max_pixels` pixels, or with
            truncated or damaged pixels.
    """
    stripped = _strip(data)
    if stripped is None:
        return _pixels(open_image(data, max_pixels))
    pixels, _ = _decode_stripped(stripped, max_pixels)
    return _turn(pixels, _orientation(stripped)[0])


def prepare(data: bytes, max_pixels: float) -> StoredImage:
    """Decode `data` and make of it what the pipeline stores.

    Raises:
        UnreadableImage: see `decode`.
    """
    stripped = _strip(data)
    if stripped is None:
        return _prepare_other(data, max_pixels)
    removed = stripped.removed
    pixels, mode = _decode_stripped(stripped, max_pixels)
    orientation, more = _orientation(stripped)
    stored = stripped.data
    if not stored.startswith(SOI) and hides_bytes(stored):
        removed = removed | {"trailer"}
        stored = encode_png(pixels)
    if orientation != 1:
        pixels = _turn(pixels, orientation)
        stored = encode_png(pixels)
    return StoredImage(stored, pixels, mode, sorted(removed | more))


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
        raise UnreadableImage(f"no image in any of {', '.join(FORMATS)}{_but(data)}") from None
    except Exception as error:  # a hostile header makes decoders raise anything
        raise UnreadableImage(
            f"damaged header ({type(error).__name__})", transient=isinstance(error, MemoryError)
        ) from None
    refuse_oversize(image.width, image.height, max_pixels)
    if data.startswith(SOI) and data.count(b"\xff\xda") > MAX_SCANS:
        raise UnreadableImage(f"more than {MAX_SCANS} scans")
    return image


def refuse_oversize(width: int, height: int, max_pixels: float) -> None:
    """Refuse to decode what only a header says the size of (decompression bombs)."""
    if width * height > max_pixels:
        size = f"{width} x {height}"
        raise UnreadableImage(f"{size} pixels, more than {max_pixels:.0f} allowed")


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _but(data: bytes) -> str:
    """What the data look like, to follow what they are not."""
    for pattern, what in LOOKS_LIKE:
        if re.match(pattern, data[:LOOKED_AT_BYTES], re.DOTALL):
            return f", but {what}"
    return ""


def _strip(data: bytes) -> Stripped | None:
    return strip_jpeg(data) if data.startswith(SOI) else strip_png(data)


def _decode_stripped(stripped: Stripped, max_pixels: float) -> tuple[NDArray[np.uint8], str]:
    """Pixels as the compressed ones lie, and the mode."""
    refuse_oversize(stripped.width, stripped.height, max_pixels)
    if stripped.data.startswith(SOI) and stripped.channels in JPEG_MODES:
        mode = JPEG_MODES[stripped.channels]
        try:
            # The same libjpeg-turbo as Pillow's, with the same options, five times as fast for
            # small images; and it says what it found to be damaged.
            pixels = simplejpeg.decode_jpeg(stripped.data, "GRAY" if mode == "L" else mode)
        except ValueError as error:
            if damage := JPEG_DAMAGE.match(str(error)):
                raise UnreadableImage(f"damaged pixels: {damage[1]}") from None
        else:
            if mode != "CMYK":  # Pillow knows which of them are inverted
                return pixels, mode
    image = open_image(stripped.data, max_pixels)
    mode = image.mode
    return _pixels(image, turn=False), mode


def _orientation(stripped: Stripped) -> tuple[int, set[str]]:
    """How the image is to be turned (EXIF's numbers, 1 for not at all), and what else EXIF has."""
    if not stripped.exif and not stripped.xmp:
        return 1, set()
    exif = Image.Exif()
    orientation: int | None = None
    found: set[str] = set()
    # A hostile block makes the parser warn and raise anything; it then says nothing.
    with warnings.catch_warnings(action="ignore"), suppress(Exception):
        exif.load(stripped.exif)
        orientation = exif.get(ORIENTATION)
        found = _kinds_in_exif(exif)
    if orientation is None and (match := XMP_ORIENTATION.search(stripped.xmp)):
        orientation = int(match[1])
    return (orientation if orientation and orientation in range(2, 9) else 1), found


def _kinds_in_exif(exif: Image.Exif) -> set[str]:
    found = {"gps"} if exif.get_ifd(ExifTags.IFD.GPSInfo) else set()
    return found | ({"thumbnail"} if exif.get_ifd(ExifTags.IFD.IFD1) else set())


def _turn(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Upright pixels: mirrored and turned as EXIF's `orientation` says."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(pixels[::rows, ::columns])


def _prepare_other(data: bytes, max_pixels: float) -> StoredImage:
    """`prepare` by Pillow alone."""
    image = open_image(data, max_pixels)
    mode = image.mode
    pixels = _pixels(image)
    return StoredImage(encode_png(pixels), pixels, mode, sorted(_kinds_by_pillow(data)))


def _kinds_by_pillow(data: bytes) -> set[str]:
    """Kinds of metadata in an image that is stored as a PNG of its pixels."""
    found: set[str] = set()
    with warnings.catch_warnings(action="ignore"), suppress(Exception):  # as above
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        found |= {kind for key, kind in INFO_KINDS.items() if image.info.get(key)}
        found |= {"xmp"} if b"XMP" in image.info.get("extension", (b"",))[0] else set()
        exif = image.getexif()
        found |= _kinds_in_exif(exif)
        if image.format == "TIFF":
            found.discard("thumbnail")  # its second picture is a page
            tags = [tag for tag in exif if tag in TIFF_KINDS or tag >= TIFF_PRIVATE]
            found |= {TIFF_KINDS.get(tag, "other") for tag in tags}
        found |= {"frames"} if getattr(image, "n_frames", 1) > 1 else set()
    return found


def _pixels(image: Image.Image, *, turn: bool = True) -> NDArray[np.uint8]:
    try:
        image.load()
        if turn:
            with warnings.catch_warnings(action="ignore"), suppress(Exception):  # as above
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
        wanted = "L" if image.mode in GREY_MODES else "RGB"
        pixels = np.asarray(image if image.mode == wanted else image.convert(wanted))
    except Exception as error:  # damaged data makes decoders raise anything
        reason = str(error).split("(")[0].strip() or type(error).__name__
        raise UnreadableImage(
            f"damaged pixels: {reason}", transient=isinstance(error, MemoryError)
        ) from None
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _over_white(image: Image.Image) -> Image.Image:
    """Lay what is transparent over white."""
    if not {"A", "a"} & set(image.getbands()) and "transparency" not in image.info:
        return image
    grey = image.mode in GREY_MODES
    if image.mode == "La":
        image = image.convert("LA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("L" if grey else "RGB")
