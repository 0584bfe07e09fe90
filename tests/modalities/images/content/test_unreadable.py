"""What cannot be read as an image is refused, by ingest and by training alike, and says why."""

import struct

import pytest

from pipeline.modalities.images.content.decoding import decode, prepare
from pipeline.modalities.images.content.refusals import UnreadableImage
from tests.support.hostile_images import encode, noise, png_chunk

PLENTY = 1e6  # pixels
HEIGHT, WIDTH = 12, 20
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]


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
        (b"\n<!DOCTYPE html><p>404 Not Found", ", but an HTML page"),
        (b"\x80\x04\x95\x0c\0", ", but a Python pickle"),
        (b"\x7fELF\x02\x01", ", but a program"),
        (b"#!/bin/sh\nrm -rf /\n", ", but a program"),
        (b"PK\x03\x04\x14", ", but an archive"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            ", but a Git LFS pointer, not the file itself (git lfs pull)",
        ),
        (b"\x89PNG\r\n\x1a\n", ", but a damaged PNG file"),
        (b"\x01\x02\x03", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_image_is_told_by_what_it_looks_like(data, but):
    assert reason_of(data) == f"no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM{but}"


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
