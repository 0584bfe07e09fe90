"""Every kind of image decodes to the pixels that are meant, upright, grey or RGB."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from pipeline.modalities.images.content.decoding import decode, encode_png, prepare
from tests.support.hostile_images import as_pillow_has_it, encode, exif, noise, png_chunk

PLENTY = 1e6  # pixels
HEIGHT, WIDTH = 12, 20


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


def test_a_png_that_its_xmp_says_is_turned_is_stored_upright():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')
    stored = prepare(encode(noise(HEIGHT, WIDTH, 3), "PNG", pnginfo=text), PLENTY)
    assert (decode(stored.data) == stored.pixels).all()


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


@pytest.mark.parametrize("channels", [1, 3])
def test_encoding_as_png_keeps_every_pixel(channels):
    pixels = noise(HEIGHT, WIDTH, channels)
    assert decode(encode_png(pixels)).tolist() == pixels.tolist()
    assert encode_png(pixels) == encode_png(pixels.copy())
