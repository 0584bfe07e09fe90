"""Prediction is the same in one batch or many, and changes nothing."""

import copy

import numpy as np
import torch
from torch import nn

from pipeline.learning.inference import ROWS_AT_ONCE, predict, predict_and_embed


def test_batches_do_not_show_in_the_logits(toy):
    inputs = toy.examples(2 * ROWS_AT_ONCE + 1).inputs
    network = toy.sees(toy.network())
    logits = predict(network, inputs, toy.device)
    assert logits.shape == (len(inputs["x"]), toy.num_classes)
    assert logits.dtype == np.float32
    with torch.no_grad():
        expected = network.eval()(inputs)
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)


def test_dropout_is_off_and_batch_norm_learns_nothing(toy):
    network = toy.sees(toy.network()).train()
    before = copy.deepcopy(network.state_dict())
    inputs = toy.examples(20).inputs
    first = predict(network, inputs, toy.device)
    second = predict(network.train(), inputs, toy.device)
    assert np.array_equal(first, second)
    after = network.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_no_examples_no_logits(toy):
    logits = toy.predict(toy.network(), toy.examples(0).inputs)
    assert logits.shape == (0, toy.num_classes)


class Lookup(nn.Module):
    """A network of two columns that notes how many rows it is asked about at a time."""

    rows_at_once = 4

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def embed(self, inputs: dict) -> torch.Tensor:
        self.asked.append(len(inputs["a"]))
        return torch.stack([inputs["a"], inputs["b"]], 1)

    def read_out(self, embeddings: torch.Tensor) -> torch.Tensor:
        return embeddings.sum(1, keepdim=True)

    def forward(self, inputs: dict) -> torch.Tensor:
        return self.read_out(self.embed(inputs))


def test_a_network_says_how_many_rows_it_takes_and_has_all_columns_of_each(toy):
    network = Lookup()
    inputs = {"a": np.arange(10, dtype=np.float32), "b": 100 * np.arange(10, dtype=np.float32)}
    expected = 101 * np.arange(10)[:, None]
    assert np.array_equal(predict(network, inputs, toy.device), expected)
    outputs, embeddings = predict_and_embed(network, inputs, toy.device)
    assert np.array_equal(outputs, expected)
    assert embeddings.dtype == np.float16
    assert embeddings[3].tolist() == [3, 300]
    assert network.asked == [4, 4, 2] * 2
