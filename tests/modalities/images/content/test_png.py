"""What a PNG carries beside its pixels vanishes to the byte, wherever it hides, and is named."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from pipeline.modalities.images.content.decoding import prepare
from pipeline.modalities.images.content.png import hides_bytes, strip_png
from tests.support.hostile_images import (
    SECRET,
    before_pixels,
    encode,
    exif,
    noise,
    png_chunk,
)

PLENTY = 1e6  # pixels
COLOUR = noise(40, 56, 3)
PNG = encode(COLOUR, "PNG")

CHUNKS = {
    "comment": png_chunk(b"tEXt", b"Author\0" + SECRET),
    "comment zTXt": png_chunk(b"zTXt", b"Author\0\0" + zlib.compress(SECRET, 0)),
    "comment iTXt": png_chunk(b"iTXt", b"Author\0\0\0\0\0" + SECRET),
    "xmp": png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SECRET),
    "exif": png_chunk(b"eXIf", exif().removeprefix(b"Exif\0\0")),
    "profile": png_chunk(b"iCCP", b"x\0\0" + zlib.compress(SECRET, 0)),
    "time": png_chunk(b"tIME", struct.pack(">HBBBBB", 2024, 2, 29, 12, 0, 0)),
    "pHYs": png_chunk(b"pHYs", struct.pack(">IIB", 1, 1, 0)),
    "prVt": png_chunk(b"prVt", SECRET),
    "frames": png_chunk(b"fdAT", b"\0\0\0\1" + SECRET),
    "tables": png_chunk(b"PLTE", SECRET + b"12"),
    "tRNS": png_chunk(b"tRNS", SECRET),
    "other": png_chunk(b"\0\1\2\3", SECRET),
}


@pytest.mark.parametrize("name", sorted(CHUNKS.keys() - {"tRNS"}))
def test_each_kind_of_metadata_vanishes_to_the_byte(name):
    for png in (
        before_pixels(PNG, CHUNKS[name]),
        PNG[:-12] + CHUNKS[name] + PNG[-12:],  # and after the pixels
    ):
        stripped = strip_png(png)
        assert stripped is not None
        assert (stripped.data, stripped.removed) == (PNG, {name.split(maxsplit=1)[0]})
        assert stripped.header[:3] == (56, 40, 3)


def test_what_follows_the_end_vanishes():
    """A second picture, a video, an archive that opens as one (PK), a page that runs as one."""
    for tail in (SECRET, PNG, b"PK\x03\x04" + SECRET, b"<script>" + SECRET, b"\0"):
        stripped = strip_png(PNG + tail)
        assert (stripped.data, stripped.removed) == (PNG, {"trailer"})


@pytest.mark.parametrize("compressed", ["tail", "rows", "chunk"])
def test_bytes_after_the_last_pixel_of_a_png_vanish(compressed):
    """In the compressed stream, where no decoder looks (CVE-2023-21036)."""
    at = PNG.index(b"IDAT")
    (length,) = struct.unpack_from(">I", PNG, at - 4)
    stream = PNG[at + 4 : at + 4 + length]
    planted = {
        "tail": [stream + SECRET],
        "rows": [zlib.compress(zlib.decompress(stream) + SECRET, 0)],
        "chunk": [stream, SECRET],
    }[compressed]
    chunks = b"".join(png_chunk(b"IDAT", part) for part in planted)
    png = PNG[: at - 4] + chunks + PNG[at + 8 + length :]
    assert hides_bytes(png)
    stored = prepare(png, PLENTY)
    assert SECRET not in stored.data
    assert (stored.pixels == COLOUR).all()
    assert stored.removed == ["trailer"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (9, 17)])
def test_no_png_of_an_encoder_hides_anything(mode, size):
    image = Image.fromarray(noise(*size, 3))
    if mode == "I;16":
        image = Image.fromarray(400 * np.arange(size[0] * size[1], dtype=np.uint16).reshape(size))
    png = encode(image if mode == "I;16" else image.convert(mode), "PNG")
    assert not hides_bytes(png)
    assert prepare(png, PLENTY).removed == []


def interlaced(pixels: np.ndarray) -> bytes:
    """A grey PNG in the seven passes of Adam7, which Pillow reads and does not write."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)]
    passes += [(2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = [
        b"\0" + bytes(row)
        for top, left, down, right in passes
        for row in pixels[top::down, left::right]
        if len(row)
    ]
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (5, 3), (8, 8), (9, 17)])
def test_an_interlaced_png_hides_nothing(size):
    pixels = noise(*size)
    png = interlaced(pixels)
    assert not hides_bytes(png)
    stored = prepare(png, PLENTY)
    assert (stored.pixels[:, :, 0] == pixels).all()
    assert stored.data == png


def test_what_is_transparent_has_no_room_for_more():
    """Two bytes of grey, six of colour, one for each index."""
    image = Image.fromarray(noise(3, 4))
    png = encode(image, "PNG")
    stored = prepare(before_pixels(png, png_chunk(b"tRNS", b"\0\7" + SECRET)), PLENTY)
    assert SECRET not in stored.data
    png = encode(Image.fromarray(noise(3, 4, 4)), "PNG")
    stored = prepare(before_pixels(png, png_chunk(b"tRNS", SECRET)), PLENTY)
    assert SECRET not in stored.data


def test_all_of_them_at_once():
    """The canary in every place; the pixels as they are; not one byte of it left."""
    chunks = [chunk for name, chunk in CHUNKS.items() if name != "tRNS"]
    planted = before_pixels(PNG, *chunks) + SECRET
    assert planted.count(SECRET) > 10
    stored = prepare(planted, PLENTY)
    assert stored.data == PNG
    assert (stored.pixels == np.asarray(Image.open(io.BytesIO(PNG)))).all()
    assert {"exif", "gps", "xmp", "comment", "profile", "trailer"} <= set(stored.removed)


def test_a_file_without_an_end_has_no_structure_to_keep():
    assert strip_png(PNG[:-12]) is None
    assert strip_png(encode(COLOUR, "JPEG")) is None


def test_cut_anywhere_it_is_odd_and_flipped_anywhere_nothing_else_happens():
    for length in range(len(PNG)):
        assert strip_png(PNG[:length]) is None
    random = np.random.default_rng(0)
    for position in random.integers(0, len(PNG), 2000):
        flipped = bytearray(PNG)
        flipped[position] ^= 1 << random.integers(8)
        strip_png(bytes(flipped))  # raises nothing
