"""What describe and report draw and say of images."""

import numpy as np

from pipeline.modalities.images.content.decoding import encode_png
from pipeline.modalities.images.show import figures, interface

INDEX = {"image_size": [4, 6], "channels": 1}


def shade(number: int) -> np.ndarray:
    return np.full((4, 6, 1), number, np.uint8)


def test_places_without_an_example_stay_white(here, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures, "image_grid", lambda images, *_, **__: drawn.extend(images))
    inputs = {"x": np.stack([shade(1), shade(2)])}
    captions = ["one", "none", "two", "none"]
    interface.grid(inputs, {}, captions, here / "x.png", columns=2, title="", blank={1, 3})
    assert [int(image[0, 0, 0]) for image in drawn] == [1, 255, 2, 255]


def test_every_picture_is_written(here):
    contents = {"image": [encode_png(shade(9)), None]}
    interface.grid({"x": np.stack([shade(1)])}, {}, ["a"], here / "a.png", columns=9, title="one")
    interface.grid_of_contents(contents, INDEX, ["a", "b"], here / "b.png", columns=9, title="two")
    interface.sheet({"cat": contents, "dog": {"image": []}}, INDEX, here / "c.png", title="three")
    for name in "abc":
        assert (here / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_words_for_cards():
    assert interface.describe_input({"shape": [8, 9, 1], "resize": "squash"}) == (
        "9 x 8 grey images; others are resized by `squash`"
    )
    assert interface.describe_input({"shape": [8, 9, 3], "resize": "pad"}).startswith("9 x 8 RGB")
    assert interface.privacy({"exif": 1200, "gps": 3})[0] == (
        "Metadata removed from the images: exif from 1,200, gps from 3."
    )
