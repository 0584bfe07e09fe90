"""Images: decode safely, strip metadata without touching a pixel, measure.

What is stored: a JPEG or PNG keeps its own compressed pixels, less every block that decoding
does not need (EXIF, GPS, XMP, IPTC, comments, thumbnails, colour profiles, what follows the
end). Anything else, and an image that EXIF says is rotated, is stored as a PNG of its pixels.

What an image becomes when decoded: 8 bits a channel, grey (1 channel) or RGB (3). Palettes
and other colour spaces become RGB, transparency is laid over white, 16-bit grey is scaled,
an animation gives its first frame.
"""

import io
import re
import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

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


def strip_jpeg(data: bytes, removed: set[str] | None = None) -> bytes | None:
    """A JPEG with only the segments that decoding needs; None where its structure is odd.

    Kinds of what is left out are added to `removed`. Segments: ITU-T T.81, annex B.
    """
    removed = set() if removed is None else removed
    kept = [data[:2]]
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        segment = data[at:end]
        if 0xE0 <= marker <= 0xEF or marker == 0xFE:
            body = segment[4:]
            if marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 14:
                # The header may carry a thumbnail; keep version and density.
                kept.append(b"\xff\xe0\x00\x10" + body[:12] + b"\0\0")
                removed |= {"thumbnail"} if any(body[12:14]) else set()
            elif marker == 0xEE and body.startswith(b"Adobe"):  # says how colours are coded
                kept.append(b"\xff\xee\x00\x0e" + body[:12])
                removed |= {"app14"} if len(body) > 12 else set()
            else:
                removed.add(_jpeg_segment_kind(marker, body))
        else:
            kept.append(segment)
        if marker == 0xDA:  # the compressed pixels, up to the next marker that is not theirs
            scan = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search(data, end)
            if scan is None:
                return None
            kept.append(data[end : scan.start()])
            end = scan.start()
        at = end
    if data[at : at + 2] != b"\xff\xd9":
        return None
    if len(data) > at + 2:
        removed.add("trailer")
    return b"".join(kept) + b"\xff\xd9"


def _jpeg_segment_kind(marker: int, body: bytes) -> str:
    if marker == 0xFE:
        return "comment"
    for prefix, kind in (
        (b"Exif", "exif"),
        (b"http://ns.adobe.com/x", "xmp"),
        (b"Photoshop", "iptc"),
        (b"ICC_PROFILE", "profile"),
        (b"JFXX", "thumbnail"),
    ):
        if body.startswith(prefix):
            return kind
    return f"app{marker - 0xE0}"


PNG_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
PNG_KINDS = {
    b"eXIf": "exif",
    b"tEXt": "comment",
    b"zTXt": "comment",
    b"iTXt": "comment",
    b"tIME": "time",
    b"iCCP": "profile",
}


def strip_png(data: bytes, removed: set[str] | None = None) -> bytes | None:
    """A PNG with only the chunks that decoding needs; None where its structure is odd."""
    removed = set() if removed is None else removed
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        end = at + 12 + length
        if name in PNG_NEEDED:
            kept.append(data[at:end])
        else:
            removed.add(PNG_KINDS.get(name, name.decode("latin-1")))
        at = end
        if name == b"IEND":
            if len(data) > at:
                removed.add("trailer")
            return b"".join(kept)
    return None


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    try:
        image.load()
        image = ImageOps.exif_transpose(image)
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


class Measurements(NamedTuple):
    """One value for each of N images, all exact sums of integers, so the same on any machine."""

    brightness: NDArray[np.float32]
    """Mean grey level, 0 (black) to 1 (white)."""
    contrast: NDArray[np.float32]
    """Standard deviation of the grey level, 0 to 0.5."""
    sharpness: NDArray[np.float32]
    """Variance of the Laplacian of the grey level (Pech-Pacheco et al. 2000); 0 where flat."""
    phash: NDArray[np.uint64]
    """Difference hash: is each of 8 x 8 areas brighter than its right neighbour?"""


def measure(pixels: NDArray[np.uint8]) -> Measurements:
    """Measure images of one shape, `(N, H, W, C)`, C 1 or 3."""
    num, height, width, channels = pixels.shape
    if channels == 3:
        weights = np.array([299, 587, 114], np.int32)  # ITU-R BT.601
        grey = (pixels.astype(np.int32) @ weights + 500) // 1000
    else:
        grey = pixels[..., 0].astype(np.int32)
    count = height * width
    total = grey.sum((1, 2), dtype=np.int64)
    squares = (grey * grey).sum((1, 2), dtype=np.int64)
    variance = squares / count - (total / count) ** 2
    edges = np.zeros((num, 1, 1), np.int32)
    if height > 2 and width > 2:
        edges = (
            grey[:, :-2, 1:-1]
            + grey[:, 2:, 1:-1]
            + grey[:, 1:-1, :-2]
            + grey[:, 1:-1, 2:]
            - 4 * grey[:, 1:-1, 1:-1]
        )
    edge_count = edges[0].size
    edge_total = edges.sum((1, 2), dtype=np.int64)
    edge_squares = (edges.astype(np.int64) ** 2).sum((1, 2))
    edge_variance = edge_squares / edge_count - (edge_total / edge_count) ** 2
    # Areas as exact integers: below 2**53, float64 (which has fast products) is exact too.
    areas = _overlaps(height, 8) @ grey.astype(np.float64) @ _overlaps(width, 9).T
    bits = (areas[:, :, 1:] < areas[:, :, :-1]).reshape(num, 64)
    return Measurements(
        brightness=(total / count / 255).astype(np.float32),
        contrast=(np.sqrt(variance.clip(0)) / 255).astype(np.float32),
        sharpness=(edge_variance.clip(0) / 255**2).astype(np.float32),
        phash=np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel(),
    )


def _overlaps(size: int, areas: int) -> NDArray[np.float64]:
    """How much of each of `size` pixels lies in each of `areas` equal areas, in 1/areas pixels."""
    pixel = np.arange(size) * areas
    area = np.arange(areas)[:, None] * size
    overlap = np.minimum(pixel + areas, area + size) - np.maximum(pixel, area)
    return overlap.clip(0).astype(np.float64)


class ChannelSums(NamedTuple):
    """Exact sums over pixels, to be added up over batches; see `of` and `mean_std`."""

    num_pixels: int
    """Pixels in each channel."""
    total: NDArray[np.int64]
    squares: NDArray[np.int64]

    @classmethod
    def none(cls, channels: int) -> "ChannelSums":
        return cls(0, np.zeros(channels, np.int64), np.zeros(channels, np.int64))

    @classmethod
    def of(cls, images: NDArray[np.uint8]) -> "ChannelSums":
        """Sums over images `(N, H, W, C)`."""
        _, total, squares = cls.none(images.shape[3])
        for start in range(0, len(images), 1024):
            part = images[start : start + 1024].astype(np.uint32)
            total = total + part.sum((0, 1, 2), dtype=np.int64)
            squares = squares + (part * part).sum((0, 1, 2), dtype=np.int64)
        return cls(int(np.prod(images.shape[:3])), total, squares)

    def plus(self, other: "ChannelSums") -> "ChannelSums":
        return ChannelSums(
            self.num_pixels + other.num_pixels,
            self.total + other.total,
            self.squares + other.squares,
        )

    def mean_std(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of each channel, of pixels from 0 to 255."""
        mean = self.total / self.num_pixels
        variance = (self.squares / self.num_pixels - mean**2).clip(0)
        return mean.tolist(), np.sqrt(variance).tolist()
