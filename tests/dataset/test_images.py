"""Pixels do not change; every kind of image decodes, or says why not."""

import io
import struct
import zlib

import numpy as np
import pytest
import simplejpeg
from dataset.hostile import (
    ICC_PROFILE,
    SECRET,
    after_start,
    encode,
    exif,
    jpeg_segment,
    noise,
    png_chunk,
)
from PIL import Image, PngImagePlugin, TiffImagePlugin

from pipeline.dataset.images import UnreadableImage, decode, encode_png, prepare

PLENTY = 1e6  # pixels
HEIGHT, WIDTH = 12, 20
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]


def as_pillow_has_it(data: bytes) -> np.ndarray:
    """Pixels by Pillow alone, as `(H, W, C)`."""
    image = Image.open(io.BytesIO(data))
    pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


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


TURNS = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels.swapaxes(0, 1)[::-1, ::-1],
    8: lambda pixels: np.rot90(pixels),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", TURNS)
def test_what_exif_says_is_turned_is_turned_once(kind, orientation):
    image = noise(HEIGHT, WIDTH, 3)
    lossless = {"lossless": True} if kind == "WEBP" else {}
    upright = as_pillow_has_it(encode(image, kind, **lossless))
    stored = prepare(encode(image, kind, exif=exif(orientation), **lossless), PLENTY)
    assert (stored.pixels == TURNS[orientation](upright)).all()
    assert (decode(stored.data) == stored.pixels).all()
    assert stored.removed == ["exif", "gps"]


def test_what_a_turned_jpeg_loses_is_told_too():
    photo = encode(noise(HEIGHT, WIDTH, 3), "JPEG", exif=exif(6), comment=SECRET) + SECRET
    stored = prepare(photo, PLENTY)
    assert SECRET not in stored.data
    assert stored.removed == ["comment", "exif", "gps", "trailer"]


def test_a_png_that_its_xmp_says_is_turned_is_stored_upright():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')
    stored = prepare(encode(noise(HEIGHT, WIDTH, 3), "PNG", pnginfo=text), PLENTY)
    assert (decode(stored.data) == stored.pixels).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "body", [b"", b"neither", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff"]
)
def test_broken_exif_is_removed_like_any_other(body):
    plain = encode(noise(HEIGHT, WIDTH, 3), "JPEG")
    stored = prepare(after_start(plain, jpeg_segment(0xE1, b"Exif\0\0" + body)), PLENTY)
    assert (stored.data, stored.removed) == (plain, ["exif"])


GREY = [[0, 51], [102, 255]]
RED_OVER_WHITE = [[255, 0, 0], [255, 255, 255]]


def palette_image(transparent: int | None = None) -> Image.Image:
    """One row: red, green; `transparent` is the palette index that is seen through."""
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([0, 1])
    if transparent is not None:
        image.info["transparency"] = transparent
    return image


def grey_with_alpha() -> Image.Image:
    return Image.fromarray(np.array([[[100, 255], [100, 0]]], np.uint8), "LA")


def rgb_with_alpha() -> Image.Image:
    return Image.fromarray(np.array([[[255, 0, 0, 255], [0, 0, 0, 0]]], np.uint8), "RGBA")


@pytest.mark.parametrize(
    ("image", "kind", "mode", "pixels"),
    [
        (Image.fromarray(np.array([[True, False]])), "PNG", "1", [[[255], [0]]]),
        (Image.fromarray(np.array(GREY, np.uint8)), "PNG", "L", np.array(GREY)[:, :, None]),
        (grey_with_alpha(), "PNG", "LA", [[[100], [255]]]),
        (palette_image(), "PNG", "P", [[[255, 0, 0], [0, 255, 0]]]),
        (palette_image(transparent=1), "PNG", "P", [RED_OVER_WHITE]),
        (palette_image(transparent=1), "GIF", "P", [RED_OVER_WHITE]),
        (Image.new("RGB", (1, 1), (9, 8, 7)), "PNG", "RGB", [[[9, 8, 7]]]),
        (rgb_with_alpha(), "PNG", "RGBA", [RED_OVER_WHITE]),
        (Image.new("CMYK", (1, 1), (255, 0, 0, 0)), "TIFF", "CMYK", [[[0, 255, 255]]]),
        (Image.new("YCbCr", (1, 1), (76, 85, 255)), "TIFF", "YCbCr", [[[254, 0, 0]]]),
        (palette_image().convert("PA"), "TIFF", "PA", [[[255, 0, 0], [0, 255, 0]]]),
        (
            Image.fromarray(np.array([[0, 128, 129, 65535]], ">u2")),
            "TIFF",
            "I;16B",
            [[[0], [0], [1], [255]]],
        ),
        # 128 is nearer to 0 than to 257, 129 is not.
        (
            Image.fromarray(np.array([[0, 128, 129, 257, 32767, 65535]], np.uint16)),
            "PNG",
            "I;16",
            [[[0], [0], [1], [1], [127], [255]]],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_mode_becomes_8_bits_grey_or_rgb(image, kind, mode, pixels):
    data = encode(image, kind)
    stored = prepare(data, PLENTY)
    assert stored.mode == mode
    assert stored.pixels.dtype == np.uint8
    assert stored.pixels.tolist() == np.asarray(pixels).tolist()
    assert decode(stored.data).tolist() == decode(data).tolist() == stored.pixels.tolist()


def test_lab_becomes_srgb():
    """White, black and red; as TIFF has them, a and b are signed."""
    image = Image.frombytes("LAB", (3, 1), bytes([255, 0, 0, 0, 0, 0, 136, 80, 67]))
    stored = prepare(encode(image, "TIFF"), PLENTY)
    wanted = [[[255, 255, 255], [0, 0, 0], [255, 0, 0]]]
    assert stored.mode == "LAB"
    assert np.abs(stored.pixels.astype(int) - wanted).max() < 16  # by 8-bit tables


@pytest.mark.parametrize(("mode", "kind"), [("I", "TIFF"), ("F", "TIFF")])
def test_values_whose_range_nobody_knows_are_refused(mode, kind):
    image = Image.fromarray(np.arange(6).reshape(2, 3).astype("i4" if mode == "I" else "f4"))
    assert image.mode == mode
    reason = "damaged pixels: 32-bit values, whose range nobody knows"
    assert reason_of(encode(image, kind)) == reason


@pytest.mark.parametrize("channels", [3, 4])
def test_of_16_bits_a_channel_the_upper_8_stay(channels):
    """Pillow cannot write them, so the PNG is made by hand: one pixel."""
    values = [0x12FF, 0x8000, 0xFF01, 0xFFFF][:channels]
    header = struct.pack(">IIBBBBB", 1, 1, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    row = zlib.compress(b"\0" + struct.pack(f">{channels}H", *values))
    chunks = ((b"IHDR", header), (b"IDAT", row), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    assert prepare(data, PLENTY).pixels.tolist() == [[[0x12, 0x80, 0xFF]]]


def test_half_transparent_pixels_are_mixed_with_white():
    image = Image.new("RGBA", (1, 1), (0, 100, 200, 51))  # 51 of 255 is a fifth
    assert decode(encode(image, "PNG")).tolist() == [[[204, 224, 244]]]


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


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_gives_its_first_frame(kind):
    frames = [Image.new("RGB", (3, 2), colour) for colour in ("red", "lime", "blue")]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **lossless)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    stored = prepare(data, PLENTY)
    assert stored.pixels.tolist() == [[[255, 0, 0]] * 3] * 2
    assert decode(stored.data).tolist() == stored.pixels.tolist()
    assert getattr(Image.open(io.BytesIO(stored.data)), "n_frames", 1) == 1
    assert stored.removed == ["frames"]


def test_of_several_pages_the_first_stays():
    pages = [Image.new("RGB", (3, 2), colour) for colour in ("red", "lime")]
    stored = prepare(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]), PLENTY)
    assert stored.pixels.tolist() == [[[255, 0, 0]] * 3] * 2
    assert stored.removed == ["frames"]


def test_of_two_pictures_in_one_jpeg_file_only_the_first_stays():
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    data = encode(first, "MPO", save_all=True, append_images=[second])
    stored = prepare(data, PLENTY)
    assert (stored.pixels == as_pillow_has_it(encode(first, "JPEG"))).all()
    assert (decode(stored.data) == stored.pixels).all()
    assert encode(second, "JPEG")[20:] in data
    assert encode(second, "JPEG")[20:] not in stored.data


def reason_of(data: bytes, max_pixels: float = PLENTY) -> str:
    """Why it cannot be used; decode and prepare must agree on it."""
    with pytest.raises(UnreadableImage) as by_prepare:
        prepare(data, max_pixels)
    with pytest.raises(UnreadableImage) as by_decode:
        decode(data, max_pixels)
    assert str(by_prepare.value) == str(by_decode.value)
    return str(by_prepare.value)


def test_an_empty_file():
    assert reason_of(b"") == "empty file"


@pytest.mark.parametrize(
    ("data", "but"),
    [
        (b"no image at all\n", ", but text"),
        (b"\0" * 100, ", but nothing but zeros"),
        (b"%PDF-1.4\xff", ", but a PDF document"),
        (
            b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>",
            ", but an SVG drawing",
        ),
        (b"\n<!DOCTYPE html><p>404 Not Found", ", but an HTML page"),
        (b"\x80\x04\x95\x0c\0", ", but a Python pickle"),
        (b"\x7fELF\x02\x01", ", but a program"),
        (b"#!/bin/sh\nrm -rf /\n", ", but a program"),
        (b"PK\x03\x04\x14", ", but an archive"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", ", but a HEIC photo"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            ", but a Git LFS pointer, not the file itself",
        ),
        (b"\x89PNG\r\n\x1a\n", ", but a damaged PNG file"),
        (b"\x01\x02\x03", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_image_is_told_by_what_it_looks_like(data, but):
    assert reason_of(data) == f"no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF{but}"


def test_a_format_that_is_not_allowed():
    data = encode(noise(HEIGHT, WIDTH, 3), "PPM")
    assert reason_of(data).startswith("no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_truncated_pixels(kind):
    data = encode(noise(64, 64, 3), kind, **({"quality": 95} if kind == "JPEG" else {}))
    at = len(data) * 3 // 4
    assert reason_of(data[:at]) == "damaged pixels: image file is truncated"


def test_a_header_that_breaks_off():
    jpeg = encode(noise(64, 64, 3), "JPEG")
    assert reason_of(jpeg[:40]) == "damaged header (OSError)"


def test_damaged_png_pixels():
    data = bytearray(encode(noise(64, 64, 3), "PNG"))
    data[len(data) // 2] ^= 1
    assert reason_of(bytes(data)).startswith("damaged pixels: ")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_file_is_refused_or_whole(kind):
    """Wherever it is cut there is a reason, or pixels that are stored as they are decoded."""
    data = encode(noise(9, 7, 3), kind)
    reasons = set()
    for length in range(len(data)):
        try:
            stored = prepare(data[:length], PLENTY)
        except UnreadableImage as reason:
            reasons.add(str(reason))
        else:
            assert (decode(stored.data) == stored.pixels).all()
    assert "empty file" in reasons
    assert not any("\n" in reason for reason in reasons)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_oversize_image_is_refused_by_its_header(kind):
    data = encode(noise(HEIGHT, WIDTH, 3), kind)
    assert prepare(data, HEIGHT * WIDTH).pixels.shape == (HEIGHT, WIDTH, 3)
    assert reason_of(data, HEIGHT * WIDTH - 1) == "20 x 12 pixels, more than 239 allowed"


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")
    assert reason_of(bomb, 1e8) == "100000 x 100000 pixels, more than 100000000 allowed"


@pytest.mark.parametrize("channels", [1, 3])
def test_encoding_as_png_keeps_every_pixel(channels):
    pixels = noise(HEIGHT, WIDTH, channels)
    assert decode(encode_png(pixels)).tolist() == pixels.tolist()
    assert encode_png(pixels) == encode_png(pixels.copy())
