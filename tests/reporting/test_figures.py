"""Pictures of images are PNGs, the same bytes for the same pixels, with whatever captions."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.modalities.images.show.figures import contact_sheet, image_grid
from tests.support.pictures import Draw, assert_same_picture, drawn

GREY = [np.full((4, 6, 1), shade, np.uint8) for shade in (0, 128, 255)]
RGB = [np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)]

DRAWINGS: dict[str, Draw] = {
    "image_grid": lambda path: image_grid(GREY, ["x", "y", "z"], path, columns=2, title="three"),
    "image_grid in colour": lambda path: image_grid(RGB, ["x\ny"], path, columns=9, title="one"),
    "contact_sheet of nothing": lambda path: contact_sheet({}, path, title="some examples"),
    "image_grid of nothing": lambda path: image_grid([], [], path, columns=9, title="none"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_a_png_of_the_same_bytes_every_time(tmp_path, name):
    assert_same_picture(
        DRAWINGS[name],
        lambda path: image_grid(RGB * 2, ["x", "y"], path, columns=2, title="two"),
        tmp_path,
    )


def test_pixels_are_shown_as_they_are(tmp_path):
    shade = 77
    images = [np.full((4, 4, 1), shade, np.uint8)]
    png = drawn(lambda path: image_grid(images, [""], path, columns=1, title=""), tmp_path)
    with Image.open(io.BytesIO(png)) as picture:
        shades = {colour: count for count, colour in picture.convert("L").getcolors()}
    assert shades[shade] > 1000, "a constant image must not be stretched to black or white"


@pytest.mark.parametrize("name", ["$x^2$", r"$\frac$", "100% $", "a_b", "<b>", "two\nlines", ""])
def test_any_caption_can_be_drawn(tmp_path, name):
    path = tmp_path / "figure.png"
    image_grid(GREY, [name] * 3, path, columns=3, title=name)
    assert path.stat().st_size > 0


def width_of(num: int, columns: int, tmp_path: Path) -> int:
    """Pixels of a grid of so many images."""
    images, captions = [GREY[0]] * num, ["x"] * num
    png = drawn(
        lambda path: image_grid(images, captions, path, columns=columns, title=""), tmp_path
    )
    with Image.open(io.BytesIO(png)) as picture:
        return picture.width


def test_a_few_images_have_no_empty_places_beside_them(tmp_path):
    assert width_of(2, 9, tmp_path) == width_of(2, 2, tmp_path) < width_of(9, 9, tmp_path) / 3


def test_a_sheet_of_one_image_is_no_poster(tmp_path):
    rows = {"cat": RGB[0][None]}
    png = drawn(lambda path: contact_sheet(rows, path, title="some examples"), tmp_path)
    with Image.open(io.BytesIO(png)) as picture:
        assert max(picture.size) < 250
