"""What an image carries beside its pixels vanishes to the byte, wherever it hides, and is named."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from pipeline.modalities.images.prepare.decoding import UnreadableImage, decode, prepare
from pipeline.modalities.images.prepare.metadata import (
    MAX_SCANS,
    hides_bytes,
    strip_jpeg,
    strip_png,
)
from tests.support.hostile_images import (
    SECRET,
    after_start,
    before_pixels,
    before_scan,
    encode,
    exif,
    jpeg_segment,
    noise,
    png_chunk,
)

PLENTY = 1e6  # pixels
COLOUR = noise(40, 56, 3)
JPEG = encode(COLOUR, "JPEG")
PNG = encode(COLOUR, "PNG")
LONG_SECRET = (SECRET * 10)[:256]

JPEG_SEGMENTS = {
    "comment": jpeg_segment(0xFE, SECRET),
    "exif": jpeg_segment(0xE1, exif()),
    "xmp": jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
    "xmp extension": jpeg_segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET),
    "iptc": jpeg_segment(0xED, b"Photoshop 3.0\0" + SECRET),
    "profile": jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1" + SECRET),
    "mpf": jpeg_segment(0xE2, b"MPF\0" + SECRET),
    "thumbnail": jpeg_segment(0xE0, b"JFXX\0\x10" + SECRET),
    "adobe": jpeg_segment(0xEE, b"Adob" + SECRET),
    **{f"app{n}": jpeg_segment(0xE0 + n, SECRET) for n in range(16)},
}
PNG_CHUNKS = {
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


def kinds(name: str) -> set[str]:
    first = name.split(maxsplit=1)[0]
    return {"adobe": {"app14"}}.get(first, {first})


@pytest.mark.parametrize("place", [after_start, before_scan])
@pytest.mark.parametrize("name", JPEG_SEGMENTS)
def test_each_kind_of_jpeg_metadata_vanishes_to_the_byte(name, place):
    stripped = strip_jpeg(place(JPEG, JPEG_SEGMENTS[name]))
    assert stripped is not None
    assert (stripped.data, stripped.removed) == (JPEG, kinds(name))
    assert (stripped.width, stripped.height, stripped.channels) == (56, 40, 3)


@pytest.mark.parametrize("name", sorted(PNG_CHUNKS.keys() - {"tRNS"}))
def test_each_kind_of_png_metadata_vanishes_to_the_byte(name):
    for png in (
        before_pixels(PNG, PNG_CHUNKS[name]),
        PNG[:-12] + PNG_CHUNKS[name] + PNG[-12:],  # and after the pixels
    ):
        stripped = strip_png(png)
        assert stripped is not None
        assert (stripped.data, stripped.removed) == (PNG, kinds(name))
        assert (stripped.width, stripped.height, stripped.channels) == (56, 40, 3)


@pytest.mark.parametrize(("plain", "strip"), [(JPEG, strip_jpeg), (PNG, strip_png)])
def test_what_follows_the_end_vanishes(plain, strip):
    """A second picture, a video, an archive that opens as one (PK), a page that runs as one."""
    for tail in (SECRET, JPEG, PNG, b"PK\x03\x04" + SECRET, b"<script>" + SECRET, b"\0"):
        stripped = strip(plain + tail)
        assert (stripped.data, stripped.removed) == (plain, {"trailer"})


def test_the_thumbnail_in_a_jfif_header_vanishes():
    header = jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\1" + SECRET)
    stripped = strip_jpeg(JPEG[:2] + header + JPEG[20:])
    assert (stripped.data, stripped.removed) == (JPEG, {"thumbnail"})
    second = jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0" + SECRET)
    stripped = strip_jpeg(before_scan(JPEG, second))
    assert (stripped.data, stripped.removed) == (JPEG, {"app0"})


def test_what_hides_in_the_segment_that_says_how_colours_are_coded_vanishes():
    photo = encode(Image.fromarray(noise(40, 56, 4), "CMYK"), "JPEG")
    at = photo.index(b"\xff\xee")
    (length,) = struct.unpack_from(">H", photo, at + 2)
    body = photo[at + 4 : at + 2 + length]
    longer = photo[:at] + jpeg_segment(0xEE, body + SECRET) + photo[at + 2 + length :]
    stripped = strip_jpeg(longer)
    assert (stripped.data, stripped.removed) == (photo, {"app14"})
    assert stripped.channels == 4


CODES = bytes([0] * 7 + [200] + [0] * 8)  # 200 codes of 8 bits
TABLES = {
    "quantisation": jpeg_segment(0xDB, b"\3" + LONG_SECRET[:64]),
    "wide quantisation": jpeg_segment(0xDB, b"\x13" + LONG_SECRET[:128]),
    "quantisation that another replaces": jpeg_segment(0xDB, b"\0" + LONG_SECRET[:64]),
    "codes": jpeg_segment(0xC4, b"\3" + CODES + LONG_SECRET[:200]),
    "codes that others replace": jpeg_segment(0xC4, b"\x10" + CODES + LONG_SECRET[:200]),
    "two in one": jpeg_segment(0xDB, b"\2" + LONG_SECRET[:64] + b"\3" + LONG_SECRET[:64]),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_tables_that_no_pixel_needs_vanish(name, progressive):
    plain = encode(COLOUR, "JPEG", progressive=progressive)
    planted = after_start(plain, TABLES[name])
    stripped = strip_jpeg(planted)
    assert (stripped.data, stripped.removed) == (plain, {"tables"})
    assert (decode(planted) == decode(plain)).all()


def test_of_a_segment_with_several_tables_the_needed_ones_stay():
    at = JPEG.index(b"\xff\xdb")
    used = JPEG[at + 4 : at + 69]
    planted = JPEG[:at] + jpeg_segment(0xDB, used + b"\3" + LONG_SECRET[:64]) + JPEG[at + 69 :]
    stripped = strip_jpeg(planted)
    assert (stripped.data, stripped.removed) == (JPEG, {"tables"})


def test_a_table_between_scans_for_what_was_decoded_already_vanishes():
    plain = encode(COLOUR, "JPEG", progressive=True)
    second_scan = plain.index(b"\xff\xda", plain.index(b"\xff\xda") + 2)
    table = jpeg_segment(0xDB, b"\0" + LONG_SECRET[:64])
    codes_before = plain.rindex(b"\xff\xc4", 0, second_scan)
    planted = plain[:codes_before] + table + plain[codes_before:]
    assert (decode(planted) == decode(plain)).all()
    assert strip_jpeg(planted).data == plain


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"optimize": True}, {"subsampling": 0}, {"quality": 5}]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_all_that_an_encoder_writes_is_needed(options, channels):
    plain = encode(COLOUR if channels == 3 else COLOUR[:, :, 0], "JPEG", **options)
    stripped = strip_jpeg(plain)
    assert (stripped.data, stripped.removed, stripped.channels) == (plain, set(), channels)


def odd_jpegs() -> dict[str, bytes]:
    """Places for bytes that no decoder needs, in a structure that no encoder writes."""
    scan = JPEG.index(b"\xff\xda")
    end = len(JPEG) - 2
    frame = JPEG.index(b"\xff\xc0")
    return {
        "between segments": JPEG[:scan] + SECRET + JPEG[scan:],
        "a reserved marker": before_scan(JPEG, jpeg_segment(0xF0, SECRET)),
        "a marker of hierarchies": before_scan(JPEG, jpeg_segment(0xDE, SECRET)),
        "a second frame": before_scan(JPEG, JPEG[frame : frame + 19]),
        "a longer frame": JPEG[:frame]
        + jpeg_segment(0xC0, JPEG[frame + 4 : frame + 19] + SECRET)
        + JPEG[frame + 19 :],
        "a table with a tail": after_start(JPEG, jpeg_segment(0xDB, b"\3" + bytes(64) + SECRET)),
        "after the last pixel": JPEG[:end] + SECRET + JPEG[end:],
        "two Adobe segments": after_start(
            JPEG, *[jpeg_segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")] * 2, JPEG_SEGMENTS["comment"]
        ),
        "no end": JPEG[:-2],
    }


NO_IMAGE = "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, but a damaged JPEG file"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a reserved marker", "damaged pixels: broken data stream when reading image file"),
        ("a marker of hierarchies", NO_IMAGE),
        ("a second frame", "damaged pixels: broken data stream when reading image file"),
        ("a longer frame", NO_IMAGE),
        ("a table with a tail", NO_IMAGE),
        ("after the last pixel", "damaged pixels: extraneous bytes before marker 0xd9"),
        ("no end", "damaged pixels: image file is truncated"),
    ],
)
def test_a_jpeg_that_is_odder_than_any_decoder_allows_is_refused(name, reason):
    with pytest.raises(UnreadableImage) as caught:
        prepare(odd_jpegs()[name], PLENTY)
    assert str(caught.value) == reason


@pytest.mark.parametrize("name", ["between segments", "two Adobe segments"])
def test_a_jpeg_that_is_odd_is_stored_as_a_png_of_its_pixels(name):
    stored = prepare(odd_jpegs()[name], PLENTY)
    assert SECRET not in stored.data
    assert stored.data.startswith(b"\x89PNG")
    assert (stored.pixels == decode(JPEG)).all()


def test_a_jpeg_of_more_scans_than_any_encoder_makes_is_refused():
    """Each costs a pass over all pixels: a small file would keep a decoder busy for hours."""
    plain = encode(COLOUR, "JPEG", progressive=True)
    last = plain.rindex(b"\xff\xda")
    many = plain[:-2] + plain[last:-2] * MAX_SCANS + plain[-2:]
    with pytest.raises(UnreadableImage) as caught:
        prepare(many, PLENTY)
    assert str(caught.value) == "more than 100 scans"


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
        image = Image.fromarray(np.arange(size[0] * size[1], dtype=np.uint16).reshape(size))
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


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_all_of_them_at_once(kind):
    """The canary in every place; the pixels as they are; not one byte of it left."""
    if kind == "JPEG":
        planted = after_start(JPEG, *JPEG_SEGMENTS.values(), *TABLES.values()) + SECRET
    else:
        chunks = [chunk for name, chunk in PNG_CHUNKS.items() if name != "tRNS"]
        planted = before_pixels(PNG, *chunks) + SECRET
    assert planted.count(SECRET) > 10
    stored = prepare(planted, PLENTY)
    assert stored.data == (JPEG if kind == "JPEG" else PNG)
    assert (
        stored.pixels == np.asarray(Image.open(io.BytesIO(JPEG if kind == "JPEG" else PNG)))
    ).all()
    assert {"exif", "gps", "xmp", "comment", "profile", "trailer"} <= set(stored.removed)


def test_a_file_without_an_end_has_no_structure_to_keep():
    assert strip_jpeg(JPEG[:-2]) is None
    assert strip_png(PNG[:-12]) is None
    assert strip_jpeg(PNG) is None
    assert strip_png(JPEG) is None


@pytest.mark.parametrize(("data", "strip"), [(JPEG, strip_jpeg), (PNG, strip_png)])
def test_cut_anywhere_it_is_odd_and_flipped_anywhere_nothing_else_happens(data, strip):
    for length in range(len(data)):
        assert strip(data[:length]) is None
    random = np.random.default_rng(0)
    for position in random.integers(0, len(data), 2000):
        flipped = bytearray(data)
        flipped[position] ^= 1 << random.integers(8)
        strip(bytes(flipped))  # raises nothing
