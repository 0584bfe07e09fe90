"""An image is known by bytes that no other image has."""

import io

import numpy as np
from PIL import Image

from pipeline.modalities.images.prepare.traces import trace


def mostly_white(number: int) -> bytes:
    """A JPEG."""
    pixels = np.full((256, 256, 3), 255, np.uint8)
    pixels[:64] = np.random.default_rng(number).integers(0, 256, (64, 256, 3))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def trace_of(image: bytes | None) -> bytes:
    return trace({"image": image})


def test_a_white_background_is_no_trace():
    """Most bytes of such a JPEG are the same in all of them."""
    one, other = mostly_white(1), mostly_white(2)
    assert one[-500:] == other[-500:]
    assert trace_of(one) in one
    assert trace_of(one) not in other


def test_an_image_of_few_bytes_is_its_own_trace():
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    assert trace_of(buffer.getvalue()) == buffer.getvalue()


def test_no_image_has_no_trace():
    assert trace_of(None) == b""
