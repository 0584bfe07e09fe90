"""TIFF: checks the tags of the first page before any library reads the file (TIFF 6.0)."""

import struct
from typing import NamedTuple

from pipeline.modalities.images.content.refusals import UnreadableImage, not_read
from pipeline.modalities.images.content.unread_formats import CAMERA_RAW

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_TAGS = 4096  # scanners and microscopes write a hundred
MAX_STRIPS = 1 << 19  # tiles of 16 x 16 in 100 megapixels, with a margin
MAX_VALUES = 16  # values of a tag that are read
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}
CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
SUBFILE, BITS, COMPRESSION, PHOTOMETRIC, STRIPS, SAMPLES = 254, 258, 259, 262, 273, 277
TILES, SUB_PAGES, SAMPLE_FORMAT, DNG_VERSION = 324, 330, 339, 50706
WHITE_IS_ZERO, FILTER_ARRAYS = 0, (32803, 34892)
CHANNELS = {2: 3, 5: 4, 6: 3, 8: 3}  # by photometric interpretation; 1 for the others
SIGNED, FLOAT, UNDEFINED = 2, 3, 4
COMPRESSIONS = {
    34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv", 34712: "JPEG 2000", 34887: "LERC",
    34892: "lossy JPEG of DNG", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL",
    52546: "JPEG XL", 22610: "JPEG XR", 34934: "JPEG XR", 6: "the JPEG of TIFF before 1995",
}  # fmt: skip
INSTEAD = "save it as PNG with 8 bits a channel, grey or RGB"
RANGE_INSTEAD = "scale it to 8 bits as you know its range, and save it as PNG"


class TiffPage(NamedTuple):
    """The first page of a TIFF."""

    tags: dict[int, tuple[int, ...]]
    """Whole numbers by tag, up to MAX_VALUES each."""

    def first(self, tag: int, default: int) -> int:
        return self.tags.get(tag, (default,))[0]

    @property
    def bits(self) -> tuple[int, ...]:
        """Bits of each channel, or one number for all."""
        return self.tags.get(BITS, (1,))

    @property
    def is_white_zero(self) -> bool:
        return self.first(PHOTOMETRIC, 0) == WHITE_IS_ZERO

    @property
    def compression(self) -> str | None:
        """The name of a compression that few programs read."""
        return COMPRESSIONS.get(self.first(COMPRESSION, 1))


def read_page(data: bytes) -> TiffPage | None:
    """Read the tags of the first page; None if the file is damaged there.

    Raises:
        UnreadableImage: it has more tags or strips than any program writes.
    """
    order, is_big = ("<" if data.startswith(b"II") else ">"), data[2:3] == b"+" or data[3:4] == b"+"
    count_code, entry_size, inline = ("Q", 20, 8) if is_big else ("H", 12, 4)
    try:
        (at,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, 8 if is_big else 4)
        (num_tags,) = struct.unpack_from(order + count_code, data, at)
        if num_tags > MAX_TAGS:
            raise UnreadableImage(f"a TIFF of {num_tags} tags, more than {MAX_TAGS} allowed")
        at += struct.calcsize(order + count_code)
        tags: dict[int, tuple[int, ...]] = {}
        for entry in range(at, at + num_tags * entry_size, entry_size):
            tag, kind = struct.unpack_from(order + "HH", data, entry)
            (count,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, entry + 4)
            if tag in (STRIPS, TILES) and count > MAX_STRIPS:
                raise UnreadableImage(f"a TIFF of {count} strips, more than {MAX_STRIPS} allowed")
            if kind not in CODES or not count:
                continue
            place = entry + entry_size - inline
            if count * SIZES[kind] > inline:
                (place,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, place)
            code = f"{order}{min(count, MAX_VALUES)}{CODES[kind]}"
            if place + struct.calcsize(code) <= len(data):
                tags.setdefault(tag, struct.unpack_from(code, data, place))
    except (struct.error, OverflowError):
        return None
    return TiffPage(tags)


def refuse_unread(data: bytes, page: TiffPage) -> None:
    """Refuse a valid TIFF of a kind that is not read, or would be read wrongly.

    Raises:
        UnreadableImage: names the kind.
    """
    if data.startswith(b"MM\0+"):
        raise not_read("a BigTIFF in big-endian byte order", "save it as an ordinary TIFF or PNG")
    is_preview = page.first(SUBFILE, 0) & 1 and SUB_PAGES in page.tags
    if DNG_VERSION in page.tags or page.first(PHOTOMETRIC, 0) in FILTER_ARRAYS or is_preview:
        raise not_read(*CAMERA_RAW)
    bands, bits = page.first(SAMPLES, 1), max(page.bits)
    numbers = f"{bands} x {bits}-bit" if bands > 1 else f"{bits}-bit"
    sample_format = max(page.tags.get(SAMPLE_FORMAT, (1,)))
    if sample_format == FLOAT:
        raise not_read(f"a TIFF of {numbers} floats, whose range nobody knows", RANGE_INSTEAD)
    if sample_format == SIGNED:
        raise not_read(f"a TIFF of {numbers} values with a sign", RANGE_INSTEAD)
    if sample_format > UNDEFINED:
        raise not_read(f"a TIFF of {numbers} complex numbers", RANGE_INSTEAD)
    if bits >= 32:
        raise not_read(f"a TIFF of {numbers} values, whose range nobody knows", RANGE_INSTEAD)
    if bands > 2 and CHANNELS.get(page.first(PHOTOMETRIC, 0), 1) == 1:
        raise unread_bands(page)


def unread_bands(page: TiffPage) -> UnreadableImage:
    """The error for a TIFF whose channels are not read."""
    bands, bits = page.first(SAMPLES, 1), " or ".join(map(str, sorted(set(page.bits))))
    name = f"{bands} bands" if bands > 1 else "one band"
    return UnreadableImage(
        f"a TIFF of {name} of {bits} bits; only grey, RGB and CMYK are read: {INSTEAD}"
    )


def unread_kind(page: TiffPage) -> UnreadableImage:
    """The error for a TIFF that Pillow does not open."""
    if page.compression:
        return not_read(f"a TIFF compressed by {page.compression}", INSTEAD)
    return unread_bands(page)
