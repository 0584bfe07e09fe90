"""Makers of images with things in them that nobody expects, and of archives made to do harm."""

import io
import struct
import zlib

import numpy as np
from PIL import ExifTags, Image, ImageCms

SECRET = b"52.5200N 13.4050E Erika Mustermann"
ICC_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def encode(image: Image.Image | np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def as_pillow_has_it(data: bytes) -> np.ndarray:
    """Pixels by Pillow alone, as `(H, W, C)`."""
    image = Image.open(io.BytesIO(data))
    pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def exif(orientation: int = 1) -> bytes:
    """Who took it, where, and which way up."""
    found = Image.Exif()
    found[ExifTags.Base.Artist] = SECRET.decode()
    found[ExifTags.Base.Orientation] = orientation
    found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return found.tobytes()


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def png_chunk(name: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)


def after_start(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def before_scan(jpeg: bytes, *segments: bytes) -> bytes:
    at = jpeg.index(b"\xff\xda")
    return jpeg[:at] + b"".join(segments) + jpeg[at:]


def before_pixels(png: bytes, *chunks: bytes) -> bytes:
    at = png.index(b"IDAT") - 4
    return png[:at] + b"".join(chunks) + png[at:]


def png_of_zeros(width: int, height: int, *chunks: bytes) -> bytes:
    """A whole PNG, grey with one bit a pixel, all black; a few kilobytes whatever its size."""
    row = b"\0" * (1 + (width + 7) // 8)
    deflate = zlib.compressobj(9)
    parts, block = [], row * max(1, (1 << 20) // len(row))
    for start in range(0, height, len(block) // len(row)):
        rows = min(len(block) // len(row), height - start)
        parts.append(deflate.compress(block[: rows * len(row)]))
    parts.append(deflate.flush())
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", b"".join(parts))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + png_chunk(b"IEND", b"")


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose header says that it is so large; its pixels are those of a small one."""
    jpeg = encode(noise(16, 16, 3), "JPEG")
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def tar_header(name: str, size: int, kind: bytes = b"0", link: str = "") -> bytes:
    """The 512 bytes before a member; `size` may be any number, negative ones too."""
    digits = b"%011o\0" % size
    if not 0 <= size < 8**11:  # as GNU tar writes what has more digits
        digits = (size % (1 << 96) | 0x80 << 88).to_bytes(12)
    header = (
        name.encode().ljust(100, b"\0")
        + b"0000644\0" * 3
        + digits
        + b"00000000000\0"
        + b" " * 8
        + kind
        + link.encode().ljust(100, b"\0")
        + b"ustar\x0000"
    ).ljust(512, b"\0")
    return header[:148] + b"%06o\0 " % sum(header) + header[156:]


def tar_of(*members: tuple[bytes, bytes]) -> bytes:
    """A tar of headers and contents."""
    padded = (header + data + b"\0" * (-len(data) % 512) for header, data in members)
    return b"".join(padded) + b"\0" * 1024


def zip_of_overlaps(data: bytes, num: int) -> bytes:
    """A zip of `num` members that are all the same bytes of it."""
    compressed = zlib.compress(data, 9)[2:-4]
    about = struct.pack(
        "<HHHHHIIIHH", 20, 0, 8, 0, 33, zlib.crc32(data), len(compressed), len(data), 9, 0
    )
    local = b"PK\x03\x04" + about + b"cat/0.jpg" + compressed
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + about + struct.pack("<HHHII", 0, 0, 0, 0, 0)
    central = (entry + b"cat/0.jpg") * num
    end = struct.pack("<HHHHIIH", 0, 0, num, num, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end
