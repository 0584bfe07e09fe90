"""Batches are one pass over the examples, and can begin anywhere in it."""

import numpy as np
import pytest
import torch

from pipeline.learning.batches import (
    Examples,
    Normalizer,
    batches,
    epoch_order,
    make_examples,
    num_batches,
    on_device,
)
from pipeline.learning.device import Device

CPU = Device("cpu", bf16=False)
SIZES = [(num, batch_size) for num in range(1, 34) for batch_size in (1, 2, 3, 7, 8, 16, 32, 100)]


def numbered(num: int) -> Examples:
    """Examples that each differ from every other, in image, label and weight."""
    images = np.arange(num * 2, dtype=np.uint8).reshape(num, 1, 2, 1)
    return make_examples(images, np.arange(num), np.arange(num) / 10)


def joined(parts: list[Examples]) -> Examples:
    return Examples(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


def test_make_examples_gives_the_types_that_training_wants():
    examples = make_examples(
        np.zeros((3, 4, 5, 1), np.uint8)[:, :, ::-1], np.arange(3, dtype=np.int32), np.ones(3)
    )
    assert [part.dtype for part in examples] == [torch.uint8, torch.int64, torch.float32]
    assert [tuple(part.shape) for part in examples] == [(3, 4, 5, 1), (3,), (3,)]


@pytest.mark.parametrize("num", [0, 1, 2, 1000])
def test_an_order_is_a_permutation(num):
    assert sorted(epoch_order(0, 0, num).tolist()) == list(range(num))


def test_an_order_is_a_function_of_seed_and_epoch():
    orders = {(s, e): tuple(epoch_order(s, e, 50).tolist()) for s in range(4) for e in range(4)}
    assert len(set(orders.values())) == 16
    torch.manual_seed(1)
    np.random.seed(1)
    assert tuple(epoch_order(2, 3, 50).tolist()) == orders[2, 3]


def test_an_epoch_has_every_example_once_in_its_order():
    for num, batch_size in SIZES:
        examples, order = numbered(num), epoch_order(0, 0, num)
        whole = joined(list(batches(examples, order, batch_size, CPU)))
        for part, expected in zip(whole, examples, strict=True):
            assert torch.equal(part, expected[order]), (num, batch_size)


def test_batches_are_full_but_for_the_last_which_is_no_single_example():
    for num, batch_size in SIZES:
        parts = batches(numbered(num), torch.arange(num), batch_size, CPU)
        *full, last = [len(part.labels) for part in parts]
        assert set(full) <= {batch_size}, (num, batch_size)
        assert 1 <= last <= batch_size + 1, (num, batch_size)
        assert last > 1 or num == 1, (num, batch_size)


def test_num_batches_agrees_with_batches():
    for num, batch_size in SIZES:
        parts = list(batches(numbered(num), torch.arange(num), batch_size, CPU))
        assert num_batches(num, batch_size) == len(parts), (num, batch_size)


def test_a_later_start_gives_exactly_the_batches_that_remain():
    for num, batch_size in SIZES:
        examples, order = numbered(num), epoch_order(0, 0, num)
        whole = [part.labels.tolist() for part in batches(examples, order, batch_size, CPU)]
        for start in range(len(whole) + 1):
            rest = batches(examples, order, batch_size, CPU, start)
            given = [part.labels.tolist() for part in rest]
            assert given == whole[start:], (num, batch_size, start)


def test_examples_stay_in_the_memory_of_the_host_without_a_gpu():
    examples = numbered(3)
    assert on_device(examples, CPU) is examples


def test_normalizer():
    images = np.array([[[[0, 10], [100, 20]]], [[[50, 30], [250, 40]]]], np.uint8)  # 2, 1, 2, 2
    normalized = Normalizer([100.0, 25.0], [50.0, 5.0], CPU)(torch.from_numpy(images))
    assert normalized.dtype == torch.float32
    expected = [[[[-2.0, 0.0]], [[-3.0, -1.0]]], [[[-1.0, 3.0]], [[1.0, 3.0]]]]
    assert torch.allclose(normalized, torch.tensor(expected))


def test_normalized_images_are_channels_last():
    images = torch.randint(0, 256, (4, 6, 5, 3), dtype=torch.uint8)
    normalized = Normalizer([128.0] * 3, [64.0] * 3, CPU)(images)
    assert normalized.shape == (4, 3, 6, 5)
    assert normalized.is_contiguous(memory_format=torch.channels_last)


def test_normalized_training_images_have_zero_mean_and_unit_variance():
    images = torch.randint(0, 256, (50, 8, 8, 3), dtype=torch.uint8)
    pixels = images.double().flatten(0, 2)
    mean, std = pixels.mean(0).tolist(), pixels.std(0, correction=0).tolist()
    normalized = Normalizer(mean, std, CPU)(images)
    assert torch.allclose(normalized.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(normalized.var((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_a_channel_that_never_changes_is_zero():
    images = torch.full((2, 3, 3, 1), 17, dtype=torch.uint8)
    assert not Normalizer([17.0], [0.0], CPU)(images).any()
