"""Images as columns of a shard, by code that a server can afford."""

import subprocess
import sys

import numpy as np

from pipeline.dataset.randomness import id_keys
from pipeline.dataset.shards.column import ShardColumn
from pipeline.modalities.images.encode.interface import CONTENT, columns, encode, vary
from pipeline.modalities.images.encode.pixels import decode_all
from pipeline.modalities.images.encode.settings import AugmentFields, Flip
from pipeline.modalities.images.encode.transforms.augment import augment
from tests.support.repository import ROOT

PREPARATION = {"shape": [6, 5, 3], "resize": "pad", "mean": [0.0] * 3, "std": [1.0] * 3}


def test_columns_are_those_that_are_encoded(png):
    [column] = columns(PREPARATION)
    assert column == ShardColumn("x", "uint8", (6, 5, 3))
    contents = {"image": [png(0, 8, 8, 3), None, png(1)]}
    assert list(contents) == list(CONTENT)
    found = encode(contents, PREPARATION)
    assert list(found) == ["x"]
    assert np.array_equal(found["x"], decode_all(contents["image"], (6, 5, 3), "pad"))
    assert encode({"image": []}, PREPARATION)["x"].shape == (0, 6, 5, 3)


def test_versions_are_by_the_transforms(png):
    inputs = encode({"image": [png(number) for number in range(20)]}, PREPARATION)
    settings = AugmentFields(transforms=[Flip(name="flip")], resize="pad")
    keys = id_keys(map(str, range(20)))
    found = vary(inputs, keys, 2, settings, 7)["x"]
    assert np.array_equal(
        found, augment(inputs["x"], keys, 2, transforms=settings.transforms, seed=7)
    )
    assert not np.array_equal(found, inputs["x"])
    assert np.array_equal(vary(inputs, keys, 0, settings, 7)["x"], inputs["x"])


def test_what_a_server_does_without_is_not_imported():
    script = (
        "import sys, pipeline.modalities.images.encode.interface\n"
        "print([name for name in ('torch', 'pyarrow', 'pandas') if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
