"""Prediction is the same in one batch or many, and changes nothing."""

import copy

import numpy as np
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
