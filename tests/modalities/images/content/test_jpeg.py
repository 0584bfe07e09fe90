"""What a JPEG carries beside its pixels vanishes to the byte, wherever it hides, and is named."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from pipeline.modalities.images.content.decoding import decode, prepare
from pipeline.modalities.images.content.jpeg import MAX_SCANS, strip_jpeg
from pipeline.modalities.images.content.refusals import UnreadableImage
from tests.support.hostile_images import (
    SECRET,
    after_start,
    before_scan,
    encode,
    exif,
    jpeg_segment,
    noise,
)

PLENTY = 1e6  # pixels
COLOUR = noise(40, 56, 3)
JPEG = encode(COLOUR, "JPEG")
LONG_SECRET = (SECRET * 10)[:256]

SEGMENTS = {
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


def kinds(name: str) -> set[str]:
    first = name.split(maxsplit=1)[0]
    return {"adobe": {"app14"}}.get(first, {first})


@pytest.mark.parametrize("place", [after_start, before_scan])
@pytest.mark.parametrize("name", SEGMENTS)
def test_each_kind_of_metadata_vanishes_to_the_byte(name, place):
    stripped = strip_jpeg(place(JPEG, SEGMENTS[name]))
    assert stripped is not None
    assert (stripped.data, stripped.removed) == (JPEG, kinds(name))
    assert stripped.header[:3] == (56, 40, 3)


def test_what_follows_the_end_vanishes():
    """A second picture, a video, an archive that opens as one (PK), a page that runs as one."""
    for tail in (SECRET, JPEG, b"PK\x03\x04" + SECRET, b"<script>" + SECRET, b"\0"):
        stripped = strip_jpeg(JPEG + tail)
        assert (stripped.data, stripped.removed) == (JPEG, {"trailer"})


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
    assert stripped.header.channels == 4


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
    assert (stripped.data, stripped.removed, stripped.header.channels) == (plain, set(), channels)


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
            JPEG, *[jpeg_segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")] * 2, SEGMENTS["comment"]
        ),
        "no end": JPEG[:-2],
    }


NO_IMAGE = "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, but a damaged JPEG file"


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


def test_equal_headers_are_read_once_and_each_image_keeps_its_own_pixels():
    others = [encode(COLOUR[::-1, ::step], "JPEG") for step in (1, -1)]
    comment = SEGMENTS["comment"]
    for plain in (JPEG, *others, JPEG):
        assert strip_jpeg(plain) == (plain, set(), (56, 40, 3, b"", b""))
        assert strip_jpeg(after_start(plain, comment))[:2] == (plain, {"comment"})
        assert strip_jpeg(plain + SECRET)[:2] == (plain, {"trailer"})


def test_the_marker_of_a_scan_within_a_segment_starts_no_scan():
    thumbnail = jpeg_segment(0xE1, b"Exif\0\0" + bytes(200) + JPEG)
    stripped = strip_jpeg(after_start(JPEG, thumbnail))
    assert (stripped.data, stripped.removed) == (JPEG, {"exif"})


def test_all_of_them_at_once():
    """The canary in every place; the pixels as they are; not one byte of it left."""
    planted = after_start(JPEG, *SEGMENTS.values(), *TABLES.values()) + SECRET
    assert planted.count(SECRET) > 10
    stored = prepare(planted, PLENTY)
    assert stored.data == JPEG
    assert (stored.pixels == np.asarray(Image.open(io.BytesIO(JPEG)))).all()
    assert {"exif", "gps", "xmp", "comment", "profile", "trailer"} <= set(stored.removed)


def test_a_file_without_an_end_has_no_structure_to_keep():
    assert strip_jpeg(JPEG[:-2]) is None
    assert strip_jpeg(encode(COLOUR, "PNG")) is None


def test_cut_anywhere_it_is_odd_and_flipped_anywhere_nothing_else_happens():
    for length in range(len(JPEG)):
        assert strip_jpeg(JPEG[:length]) is None
    random = np.random.default_rng(0)
    for position in random.integers(0, len(JPEG), 2000):
        flipped = bytearray(JPEG)
        flipped[position] ^= 1 << random.integers(8)
        strip_jpeg(bytes(flipped))  # raises nothing
