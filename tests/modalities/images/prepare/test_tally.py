"""Sizes, modes and blank images are counted, and said where they matter."""

import pyarrow as pa
import pytest

from pipeline.modalities.images.prepare.tally import ImageTally
from tests.support.entries import Entry


def tally(*rows: tuple[int, int, int, str, float]) -> ImageTally:
    """Of height, width, channels, mode and contrast."""
    names = ("height", "width", "channels", "mode", "contrast")
    found = ImageTally()
    for row in rows:
        found.add(pa.table({name: [value] for name, value in zip(names, row, strict=True)}))
    return found


def entry(**more) -> Entry:
    return Entry(uri="x", license="x", **more)


def test_images_of_one_size():
    found = tally((8, 6, 1, "L", 0.2), (8, 6, 1, "L", 0.3))
    assert found.index(entry()) == {"image_size": [8, 6], "channels": 1}
    assert found.index(entry(image_size=[4, 4])) == {"image_size": [4, 4], "channels": 1}
    assert (found.headline(), found.summary()) == (
        "all 8 x 6 pixels, 1 channel",
        "sizes: all 8 x 6; modes: L",
    )
    assert (found.remarks(entry()), found.entry_lines(), found.oddities()) == ([], [], [])
    assert [line.split(":")[0] for line in found.decisions()] == ["groups", "augmentation"]


def test_images_of_several_sizes():
    found = tally((12, 10, 3, "RGB", 0.2), (20, 16, 1, "L", 0.001), (20, 16, 3, "P", 0.2))
    assert found.index(entry()) == {"image_size": [16, 16], "channels": 3}
    assert found.headline() == "12 x 10 to 20 x 16 pixels, 3 channels"
    assert found.summary() == "sizes: 12 x 10 to 20 x 16; modes: L, P, RGB"
    assert found.remarks(entry()) == [
        "images differ in size; training will see 16 x 16 "
        "(`image_size` in the catalog entry chooses another)"
    ]
    assert found.remarks(entry(image_size=[4, 4])) == []
    assert found.entry_lines() == ["image_size: [16, 16]  # the images differ in size"]
    assert found.oddities() == [
        "1 image blank",
        "grey and colour images are mixed; all become RGB",
    ]
    assert found.decisions()[0].startswith("image_size: training will see [16, 16]; ")


@pytest.mark.parametrize("side", [100, 300])
def test_sides_are_no_larger_than_networks_expect(side):
    found = tally((side, side, 1, "L", 0.2), (side + 1, side + 2, 1, "L", 0.2))
    assert found.common_size() == [min(224, side + 1)] * 2


def test_a_size_that_enlarges_images_many_times_is_said():
    found = tally((32, 32, 3, "RGB", 0.2), (32, 32, 3, "RGB", 0.2), (64, 64, 3, "RGB", 0.2))
    assert found.remarks(entry(image_size=[127, 128])) == []
    assert found.remarks(entry(image_size=[4000, 4000])) == [
        "image_size 4000 x 4000 has 15,625 times the pixels of half of the images (32 x 32 to "
        "64 x 64): enlarging adds nothing to see, and shards grow as much"
    ]
    assert tally().remarks(entry(image_size=[4000, 4000])) == []


def test_nothing_readable():
    found = tally()
    assert found.index(entry()) == {"image_size": [1, 1], "channels": 1}
    assert found.headline() == "none readable pixels"
