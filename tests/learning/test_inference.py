"""Prediction is the same in one batch or many, and changes nothing."""

import copy

import numpy as np
import pytest
import torch

from pipeline.learning.inference import PREDICTION_BATCH, predict


def test_batches_do_not_show_in_the_logits(toy):
    images = toy.examples(2 * PREDICTION_BATCH + 1).images
    network = toy.network()
    logits = predict(network, images, toy.normalizer(), toy.device)
    assert logits.shape == (len(images), toy.num_classes)
    assert logits.dtype == np.float32
    with torch.no_grad():
        expected = network.eval()(toy.normalizer()(images))
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)


def test_dropout_is_off_and_batch_norm_learns_nothing(toy):
    network = toy.network().train()
    before = copy.deepcopy(network.state_dict())
    images = toy.examples(20).images
    first = predict(network, images, toy.normalizer(), toy.device)
    second = predict(network.train(), images, toy.normalizer(), toy.device)
    assert np.array_equal(first, second)
    after = network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_no_images_no_logits(toy):
    images = toy.examples(0).images
    logits = predict(toy.network(), images, toy.normalizer(), toy.device)
    assert logits.shape == (0, toy.num_classes)


@pytest.mark.parametrize(
    ("views", "seen"),
    [
        ("original", [(0, 0, False, 1.0)]),
        ("mirrored", [(0, 0, False, 0.5), (0, 0, True, 0.5)]),
        ("shifted", [(0, 0, False, 0.5), (-1, -1, False, 0.25), (1, 1, False, 0.25)]),
        (
            "mirrored_and_shifted",
            [
                (down, right, mirrored, weight / 2)
                for down, right, weight in [(0, 0, 0.5), (-1, -1, 0.25), (1, 1, 0.25)]
                for mirrored in (False, True)
            ],
        ),
    ],
)
def test_views_are_weighted(toy, views, seen):
    """Every version made by hand with numpy, and asked about one by one."""
    images = toy.examples(6).images
    expected = np.zeros((6, toy.num_classes))
    for down, right, mirrored, weight in seen:
        padded = np.pad(images.numpy(), ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect")
        height, width = images.shape[1:3]
        view = padded[:, 1 - down :, 1 - right :][:, :height, :width]
        view = view[:, :, ::-1] if mirrored else view
        said = predict(toy.network(), torch.from_numpy(view.copy()), toy.normalizer(), toy.device)
        expected += weight * said
    said = predict(toy.network(), images, toy.normalizer(), toy.device, views)
    assert said == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)], ids=str)
def test_views_of_a_side_of_one_pixel(toy, shape):
    images = toy.examples(6).images[:, : shape[0], : shape[1]]
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    said = predict(network, images, toy.normalizer(), toy.device, "mirrored_and_shifted")
    seen = predict(network, images, toy.normalizer(), toy.device)
    if shape == (1, 1):
        assert said == pytest.approx(seen, abs=1e-5)
    assert np.isfinite(said).all()
