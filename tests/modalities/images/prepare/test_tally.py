"""Sizes, modes and blank images are counted, and said where they matter."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.modalities.images.content.measurements import measure
from pipeline.modalities.images.prepare.tally import ImageTally
from pipeline.modalities.images.prepare.twins import Twins
from tests.support.entries import Entry


def tally(*rows: tuple[int, int, int, str, float]) -> ImageTally:
    """Of height, width, channels, mode and contrast."""
    names = ("height", "width", "channels", "mode", "contrast")
    found = ImageTally()
    for row in rows:
        columns = dict(zip(names, row, strict=True))
        columns |= {"split": "train", "dhash": 0, "brightness": 0.5}
        found.add(pa.table({name: [value] for name, value in columns.items()}))
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


def hashed(hashes: list[int], splits: list[str]) -> list[str]:
    """What is said of the twins of images with these hashes."""
    found = Twins()
    columns = {"split": splits, "dhash": pa.array(hashes, pa.uint64())}
    num = len(hashes)
    found.add(pa.table(columns | {"contrast": [0.2] * num, "brightness": [0.5] * num}))
    return list(found.describe())


def test_twins_across_splits_are_counted():
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**63, 100).tolist()
    splits = ["test" if n < 20 else "train" for n in range(100)]
    assert hashed(hashes, splits) == []
    hashes[30], hashes[40], hashes[3] = hashes[0] ^ 0b10101, hashes[1], hashes[2]
    (sentence,) = hashed(hashes, splits)
    assert sentence.startswith(
        "2 of 20 test images look like one in train or val: does one patient"
    )


def test_images_that_hashes_do_not_tell_apart_are_passed_over():
    assert hashed([n % 4 for n in range(100)], ["test", "train"] * 50) == []


def test_breastmnist_leaks():
    """Of its 156 published test images 64 have a twin in train or val."""
    path = Path(os.environ.get("GROUNDWORK_DATA", "nowhere"), "breastmnist/breastmnist.npz")
    if not path.is_file():
        pytest.skip("GROUNDWORK_DATA names no folder with breastmnist")
    found = Twins()
    with np.load(path) as arrays:
        for split in ("train", "val", "test"):
            images = arrays[f"{split}_images"]
            measured = measure(images[:, :, :, None])._asdict()
            names = ("dhash", "contrast", "brightness")
            columns = {name: np.asarray(measured[name]) for name in names}
            found.add(pa.table(columns | {"split": [split] * len(images)}))
    (sentence,) = found.describe()
    assert sentence.startswith("64 of 156 test images look like one in train or val")
