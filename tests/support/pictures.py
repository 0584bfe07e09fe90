"""How tests look at pictures."""

import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image

Draw = Callable[[Path], None]


def drawn(draw: Draw, folder: Path) -> bytes:
    path = folder / "figure.png.partial"  # the name that a stage's frame gives
    draw(path)
    return path.read_bytes()


def assert_same_picture(draw: Draw, between: Draw, folder: Path) -> None:
    """`draw` gives a PNG of the same bytes, also after `between`."""
    first = drawn(draw, folder)
    between(folder / "between.png")
    assert drawn(draw, folder) == first
    with Image.open(io.BytesIO(first)) as image:
        assert image.format == "PNG"
        assert len(image.convert("L").getcolors()) > 1, "an empty picture"
    # No text: it would hold the version of matplotlib, and differ between machines for nothing.
    assert set(chunks(first)) == {"IHDR", "pHYs", "IDAT", "IEND"}
    assert plt.get_fignums() == []


def chunks(png: bytes) -> Iterator[str]:
    at = 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8].decode()
        at += 12 + length
