"""What is stored of an image: its compressed pixels to the byte, and nothing else."""

import io

import numpy as np
import pytest
import simplejpeg
from PIL import Image, PngImagePlugin, TiffImagePlugin

from pipeline.modalities.images.content.decoding import decode, encode_png, prepare
from pipeline.modalities.images.content.refusals import UnreadableImage
from tests.support.hostile_images import (
    ICC_PROFILE,
    SECRET,
    after_start,
    as_pillow_has_it,
    encode,
    exif,
    jpeg_segment,
    noise,
)

PLENTY = 1e6  # pixels
HEIGHT, WIDTH = 12, 20


def test_a_jpeg_from_a_camera_loses_all_but_its_pixels():
    photo = encode(
        noise(HEIGHT, WIDTH, 3),
        "JPEG",
        quality=90,
        exif=exif(),
        xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>",
        comment=SECRET,
        icc_profile=ICC_PROFILE,
    )
    photo += b"a second picture " + SECRET
    stored = prepare(photo, PLENTY)
    assert photo.count(SECRET) == 4
    assert stored.removed == ["comment", "exif", "gps", "profile", "trailer", "xmp"]
    assert stored.mode == "RGB"
    assert SECRET not in stored.data
    assert stored.data.startswith(b"\xff\xd8")
    again = Image.open(io.BytesIO(stored.data))
    assert (again.format, again.info.keys() & {"exif", "xmp", "comment", "icc_profile"}) == (
        "JPEG",
        set(),
    )
    assert (as_pillow_has_it(stored.data) == as_pillow_has_it(photo)).all()
    assert (stored.pixels == as_pillow_has_it(photo)).all()


def test_a_png_loses_all_but_its_pixels():
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET.decode())
    text.add_text("Comment", SECRET.decode(), zip=True)
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    picture = encode(
        noise(HEIGHT, WIDTH, 3), "PNG", pnginfo=text, exif=exif(), icc_profile=ICC_PROFILE
    )
    picture += SECRET
    stored = prepare(picture, PLENTY)
    assert stored.removed == ["comment", "exif", "gps", "profile", "trailer", "xmp"]
    assert stored.data == encode(noise(HEIGHT, WIDTH, 3), "PNG")
    assert (stored.pixels == noise(HEIGHT, WIDTH, 3)).all()


SUBSAMPLINGS = ["4:4:4", "4:2:2", "4:2:0", "4:1:1"]


@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (16, 16), (17, 33), (3, 50), (64, 48)])
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_pixels_are_those_of_pillow_and_the_compressed_ones_stay_to_the_byte(shape, progressive):
    colour = noise(*shape, 3)
    colour[: shape[0] // 2] = colour[0]  # half noise, half flat
    for restart, quality in ((0, 75), (1, 10), (0, 100)):
        options = {
            "progressive": progressive,
            "quality": quality,
            "restart_marker_blocks": restart,
        }
        plain = [encode(colour, "JPEG", subsampling=s, **options) for s in SUBSAMPLINGS]
        plain.append(encode(colour, "JPEG", keep_rgb=True, **options))
        plain.append(encode(colour[:, :, 0], "JPEG", **options))
        plain.append(simplejpeg.encode_jpeg(colour, quality, "RGB", "440"))
        for jpeg in plain:
            stored = prepare(after_start(jpeg, jpeg_segment(0xFE, SECRET)), PLENTY)
            assert stored.data == jpeg
            assert (stored.pixels == as_pillow_has_it(jpeg)).all()
            assert (decode(stored.data) == stored.pixels).all()


@pytest.mark.parametrize("transform", [0, 1, 2], ids=["as it is", "YCbCr", "unknown"])
def test_an_adobe_segment_means_what_it_means_to_pillow(transform):
    plain = encode(noise(HEIGHT, WIDTH, 3), "JPEG")
    adobe = jpeg_segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))
    for jpeg in (after_start(plain, adobe), plain[:2] + adobe + plain[20:]):  # and without JFIF
        stored = prepare(jpeg, PLENTY)
        assert stored.data == jpeg
        assert (stored.pixels == as_pillow_has_it(jpeg)).all()


def test_damage_inside_a_jpeg_is_seen_or_decoded_as_pillow_does():
    plain = encode(noise(64, 64, 3), "JPEG")
    random = np.random.default_rng(0)
    seen = {"refused": 0, "decoded": 0}
    for position in random.integers(2, len(plain), 300):
        damaged = bytearray(plain)
        damaged[position] ^= 1 << random.integers(8)
        try:
            stored = prepare(bytes(damaged), PLENTY)
        except UnreadableImage:
            seen["refused"] += 1
        else:
            seen["decoded"] += 1
            assert (stored.pixels == as_pillow_has_it(bytes(damaged))).all()
            assert (stored.pixels == decode(stored.data)).all()
    assert seen["refused"] > 60  # Pillow alone refuses 20
    assert seen["decoded"] > 60


def test_stripping_twice_changes_nothing_more():
    for kind in ("JPEG", "PNG"):
        once = prepare(encode(noise(HEIGHT, WIDTH, 3), kind, exif=exif()), PLENTY)
        twice = prepare(once.data, PLENTY)
        assert (twice.data, twice.removed) == (once.data, [])


XMP = b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
GIF_XMP = b"\x21\xff\x0bXMP DataXMP" + bytes([len(XMP)]) + XMP + b"\0"


def gif_with_xmp() -> bytes:
    data = encode(noise(HEIGHT, WIDTH, 3), "GIF", comment=SECRET)
    at = data.index(b"\x21\xfe")
    return data[:at] + GIF_XMP + data[at:]


def tiff_with_everything() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[270] = SECRET.decode()  # description
    for tag in (700, 33723, 34377, 65000):  # XMP, IPTC, Photoshop, one of nobody
        tags[tag] = SECRET
        tags.tagtype[tag] = 7
    return encode(noise(HEIGHT, WIDTH, 3), "TIFF", tiffinfo=tags, icc_profile=ICC_PROFILE)


@pytest.mark.parametrize(
    ("data", "removed"),
    [
        (encode(noise(HEIGHT, WIDTH, 3), "BMP"), []),
        (encode(noise(HEIGHT, WIDTH, 3), "GIF"), []),
        (gif_with_xmp(), ["comment", "xmp"]),
        (
            encode(noise(HEIGHT, WIDTH, 3), "WEBP", exif=exif(), xmp=XMP, icc_profile=ICC_PROFILE),
            ["exif", "gps", "profile", "xmp"],
        ),
        (encode(noise(HEIGHT, WIDTH, 3), "TIFF", exif=exif()), ["exif", "gps"]),
        (tiff_with_everything(), ["exif", "iptc", "other", "profile", "xmp"]),
    ],
    ids=["BMP", "GIF", "GIF-XMP", "WEBP", "TIFF", "TIFF-all"],
)
def test_other_formats_are_stored_as_a_png_of_their_pixels(data, removed):
    stored = prepare(data, PLENTY)
    assert stored.data == encode_png(as_pillow_has_it(data))
    assert (stored.pixels == as_pillow_has_it(data)).all()
    assert stored.removed == removed
    assert SECRET not in stored.data


def test_the_structure_of_a_tiff_is_no_metadata():
    assert prepare(encode(noise(HEIGHT, WIDTH, 3), "TIFF"), PLENTY).removed == []


def test_what_a_turned_jpeg_loses_is_told_too():
    photo = encode(noise(HEIGHT, WIDTH, 3), "JPEG", exif=exif(6), comment=SECRET) + SECRET
    stored = prepare(photo, PLENTY)
    assert SECRET not in stored.data
    assert stored.removed == ["comment", "exif", "gps", "trailer"]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "body", [b"", b"neither", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff"]
)
def test_broken_exif_is_removed_like_any_other(body):
    plain = encode(noise(HEIGHT, WIDTH, 3), "JPEG")
    stored = prepare(after_start(plain, jpeg_segment(0xE1, b"Exif\0\0" + body)), PLENTY)
    assert (stored.data, stored.removed) == (plain, ["exif"])


def test_a_jpeg_of_inverted_cmyk_as_photoshop_writes_it():
    """Pillow decodes it, for it knows what is inverted; the compressed pixels stay all the same."""
    for transform in (0, 2):  # CMYK and YCCK
        jpeg = encode(Image.fromarray(noise(HEIGHT, WIDTH, 4), "CMYK"), "JPEG")
        at = jpeg.index(b"\xff\xee")
        jpeg = jpeg[: at + 15] + bytes([transform]) + jpeg[at + 16 :]
        stored = prepare(jpeg, PLENTY)
        assert (stored.data, stored.mode) == (jpeg, "CMYK")
        assert (stored.pixels == as_pillow_has_it(jpeg)).all()


def test_a_cmyk_jpeg_keeps_the_segment_that_its_colours_need():
    data = encode(Image.fromarray(noise(HEIGHT, WIDTH, 4), "CMYK"), "JPEG")
    stored = prepare(
        after_start(data, jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET)), PLENTY
    )
    assert (stored.data, stored.mode) == (data, "CMYK")
    assert (stored.pixels == as_pillow_has_it(data)).all()


def test_of_two_pictures_in_one_jpeg_file_only_the_first_stays():
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    data = encode(first, "MPO", save_all=True, append_images=[second])
    stored = prepare(data, PLENTY)
    assert (stored.pixels == as_pillow_has_it(encode(first, "JPEG"))).all()
    assert (decode(stored.data) == stored.pixels).all()
    assert encode(second, "JPEG")[20:] in data
    assert encode(second, "JPEG")[20:] not in stored.data
