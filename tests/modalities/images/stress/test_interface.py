"""Shards' columns of images, corrupted; and what a test split is sliced by."""

import numpy as np
import pyarrow as pa

from pipeline.dataset.randomness import id_keys
from pipeline.modalities.images.stress import corruptions, interface
from pipeline.modalities.images.stress.settings import EvaluateFields


def test_every_corruption_at_every_strength():
    assert [
        (name, strength) for name in corruptions.CORRUPTIONS for strength in (1, 3, 5)
    ] == interface.VARIANTS


def test_the_images_of_inputs_are_corrupted_and_no_other_column():
    images = np.arange(2 * 8 * 8, dtype=np.uint8).reshape(2, 8, 8, 1)
    inputs = {"x": images, "other": np.arange(2)}
    keys = id_keys(["a", "b"])
    corrupted = interface.corrupt(inputs, keys, "contrast", 5)
    expected = corruptions.corrupt(images, keys, "contrast", 5)
    assert list(corrupted) == ["x", "other"]
    assert np.array_equal(corrupted["x"], expected)
    assert not np.array_equal(expected, images)
    assert corrupted["other"] is inputs["other"]
    assert inputs["x"] is images


def test_slices_are_by_size_and_proportions_instead_of_sides():
    table = pa.table({name: [2.0, 3.0] for name in interface.SLICED_BY} | {"height": [4, 1]})
    values = interface.slice_values(table)
    assert list(values) == ["brightness", "contrast", "sharpness", "pixels", "width to height"]
    assert values["pixels"].tolist() == [8, 3]
    assert values["width to height"].tolist() == [0.5, 3]


def test_how_many_are_corrupted_is_a_setting():
    assert interface.num_examples(EvaluateFields(corrupted_examples=7)) == 7
