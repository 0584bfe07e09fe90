"""Pictures are PNGs, the same bytes for the same numbers, of whatever classes are called."""

import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from pipeline.evaluate import figures as evaluation_figures
from pipeline.evaluate.robustness import Corrupted
from pipeline.evaluate.slices import Accuracy
from pipeline.modalities.images.show.figures import image_grid
from pipeline.reporting import figures
from pipeline.train.figures import training_curves

HISTORY = [
    {
        "epoch": epoch,
        "train_loss": 1 / epoch,
        "val_loss": 1.2 / epoch,
        "train_accuracy": 1 - 0.5 / epoch,
        "val_accuracy": 1 - 0.6 / epoch,
    }
    for epoch in (1, 2, 3)
]
MATRIX = np.array([[5, 1, 0], [0, 7, 0], [2, 0, 0]])
BINS = [
    {"confidence": 0.55, "accuracy": 0.5, "count": 2},
    {"confidence": 0.9, "accuracy": 1.0, "count": 8},
]
SHARES = [
    Accuracy("all", "every test example", 10, 0.9, 0.6, 0.98),
    Accuracy("dark", "brightness at most 0.2", 5, 1.0, 0.6, 1.0),
]
CORRUPTED = [Corrupted("none", 0, 0.9, 0.8, 1.0)] + [
    Corrupted(name, strength, 0.5, 0.4, 0.6)
    for name in ("noise", "blur", "jpeg", "contrast", "pixelate")
    for strength in (1, 3, 5)
]
GREY = [np.full((4, 6, 1), shade, np.uint8) for shade in (0, 128, 255)]
RGB = [np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)]

DRAWINGS: dict[str, Callable[[Path], None]] = {
    "training_curves": lambda path: training_curves(HISTORY, 2, path),
    "training_curves of one epoch": lambda path: training_curves(HISTORY[:1], 1, path),
    "confusion": lambda path: figures.confusion(MATRIX, ["a", "b", "c"], path),
    "confusion of one class": lambda path: figures.confusion(MATRIX[:1, :1], ["a"], path),
    "confusion of many classes": lambda path: figures.confusion(
        np.eye(60, dtype=np.int64), [str(number) for number in range(60)], path
    ),
    "calibration": lambda path: evaluation_figures.calibration(BINS, 0.09, BINS[1:], 0.1, path),
    "shares": lambda path: evaluation_figures.shares(SHARES, path),
    "shares of all alone": lambda path: evaluation_figures.shares(SHARES[:1], path),
    "robustness": lambda path: evaluation_figures.robustness(CORRUPTED, path),
    "robustness that was left out": lambda path: evaluation_figures.robustness([], path),
    "image_grid": lambda path: image_grid(GREY, ["x", "y", "z"], path, columns=2, title="three"),
    "image_grid in colour": lambda path: image_grid(RGB, ["x\ny"], path, columns=9, title="one"),
    "image_grid of nothing": lambda path: image_grid([], [], path, columns=9, title="none"),
}


def chunks(png: bytes) -> Iterator[str]:
    at = 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8].decode()
        at += 12 + length


def drawn(draw: Callable[[Path], None], folder: Path) -> bytes:
    path = folder / "figure.png.partial"  # the name that a stage's frame gives
    draw(path)
    return path.read_bytes()


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_a_png_of_the_same_bytes_every_time(tmp_path, name):
    first = drawn(DRAWINGS[name], tmp_path)
    DRAWINGS["calibration"](tmp_path / "between.png")
    assert drawn(DRAWINGS[name], tmp_path) == first
    with Image.open(io.BytesIO(first)) as image:
        assert image.format == "PNG"
        assert len(image.convert("L").getcolors()) > 1, "an empty picture"
    # No text: it would hold the version of matplotlib, and differ between machines for nothing.
    assert set(chunks(first)) == {"IHDR", "pHYs", "IDAT", "IEND"}
    assert plt.get_fignums() == []


def test_other_numbers_are_another_picture(tmp_path):
    other = MATRIX.copy()
    other[2, 2] = 1
    pictures = {
        drawn(lambda path: figures.confusion(MATRIX, ["a", "b", "c"], path), tmp_path),
        drawn(lambda path: figures.confusion(other, ["a", "b", "c"], path), tmp_path),
        drawn(lambda path: figures.confusion(MATRIX, ["a", "b", "d"], path), tmp_path),
    }
    assert len(pictures) == 3


def test_pixels_are_shown_as_they_are(tmp_path):
    shade = 77
    images = [np.full((4, 4, 1), shade, np.uint8)]
    png = drawn(lambda path: image_grid(images, [""], path, columns=1, title=""), tmp_path)
    with Image.open(io.BytesIO(png)) as picture:
        shades = {colour: count for count, colour in picture.convert("L").getcolors()}
    assert shades[shade] > 1000, "a constant image must not be stretched to black or white"


@pytest.mark.parametrize("name", ["$x^2$", r"$\frac$", "100% $", "a_b", "<b>", "two\nlines", ""])
def test_any_name_of_a_class_can_be_drawn(tmp_path, name):
    path = tmp_path / "figure.png"
    figures.confusion(MATRIX, [name, "b", "c"], path)
    image_grid(GREY, [name] * 3, path, columns=3, title=name)
    assert path.stat().st_size > 0
