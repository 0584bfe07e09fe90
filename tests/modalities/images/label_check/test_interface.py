"""The quick network for images, and what it sees."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipeline.modalities.images.encode.settings import Flip
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.opening import open_label_check

CHECK = open_label_check("images")
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 8, 6, 3), np.uint8)
ROWS = np.array([3, 4, 11])


def test_the_network_normalises_by_the_examples_that_it_learns_from():
    preparation = CHECK.fit(IMAGES, ROWS)
    assert preparation["shape"] == [8, 6, 3]
    pixels = IMAGES[ROWS].reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(preparation["mean"], pixels.mean(0))
    np.testing.assert_allclose(preparation["std"], pixels.std(0))


def test_the_network_sees_pixels_as_they_are_compared():
    seen = CHECK.inputs(IMAGES, ROWS, CHECK.fit(IMAGES, ROWS))
    assert list(seen) == ["x"]
    assert np.array_equal(seen["x"], IMAGES[ROWS])


def test_the_network_takes_what_it_sees():
    preparation = CHECK.fit(IMAGES, ROWS)
    torch.manual_seed(0)
    network = CHECK.build(preparation, 4)
    network.eval()
    inputs = {
        name: torch.from_numpy(values)
        for name, values in CHECK.inputs(IMAGES, ROWS, preparation).items()
    }
    network.look_at(inputs)
    logits = network(inputs)
    assert logits.shape == (3, 4)
    torch.testing.assert_close(network.read_out(network.embed(inputs)), logits)
    torch.manual_seed(0)
    again = CHECK.build(preparation, 4)
    for one, other in zip(again.parameters(), network.parameters(), strict=True):
        assert one.shape == other.shape


def test_views_are_varied_by_the_transforms():
    settings = SimpleNamespace(transforms=[Flip(name="flip")])
    assert CHECK.num_views(settings) == 6
    assert CHECK.num_views(SimpleNamespace(transforms=[])) == 1
    keys = np.arange(20, dtype=np.uint64)
    seen = CHECK.vary({"x": IMAGES}, keys, 2, settings, 5)
    expected = augment(IMAGES, keys, 2, transforms=settings.transforms, seed=5)
    assert np.array_equal(seen["x"], expected)
    assert not np.array_equal(seen["x"], IMAGES)
    assert np.array_equal(CHECK.vary({"x": IMAGES}, keys, 0, settings, 5)["x"], IMAGES)


@pytest.mark.parametrize(
    ("num", "epochs", "batch_size", "expected"),
    [(50_000, 8, 1000, 8), (1200, 8, 80, 8), (100, 8, 16, 17), (1, 2, 16, 100)],
)
def test_few_images_are_seen_more_often_in_smaller_batches(num, epochs, batch_size, expected):
    recipe = CHECK.recipe(num, epochs)
    assert (recipe.batch_size, recipe.epochs) == (batch_size, expected)


def test_only_larger_images_gain_by_bf16():
    assert CHECK.gains_by_bf16({"shape": [16, 16, 1]})
    assert not CHECK.gains_by_bf16({"shape": [15, 16, 1]})
