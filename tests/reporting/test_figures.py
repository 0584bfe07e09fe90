"""Pictures are PNGs, the same bytes for the same numbers, of whatever classes are called."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.modalities.images.show.figures import contact_sheet, image_grid
from pipeline.reporting import figures
from tests.support.pictures import Draw, assert_same_picture, drawn

MATRIX = np.array([[5, 1, 0], [0, 7, 0], [2, 0, 0]])
GREY = [np.full((4, 6, 1), shade, np.uint8) for shade in (0, 128, 255)]
RGB = [np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)]

DRAWINGS: dict[str, Draw] = {
    "confusion": lambda path: figures.confusion(MATRIX, ["a", "b", "c"], path),
    "confusion of one class": lambda path: figures.confusion(MATRIX[:1, :1], ["a"], path),
    "confusion of many classes": lambda path: figures.confusion(
        np.eye(60, dtype=np.int64), [str(number) for number in range(60)], path
    ),
    "image_grid": lambda path: image_grid(GREY, ["x", "y", "z"], path, columns=2, title="three"),
    "image_grid in colour": lambda path: image_grid(RGB, ["x\ny"], path, columns=9, title="one"),
    "contact_sheet of nothing": lambda path: contact_sheet({}, path),
    "image_grid of nothing": lambda path: image_grid([], [], path, columns=9, title="none"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_a_png_of_the_same_bytes_every_time(tmp_path, name):
    assert_same_picture(DRAWINGS[name], DRAWINGS["confusion"], tmp_path)


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
