"""From shards to batches: uint8 images `(N, H, W, C)`, normalised on the device.

Training epoch e reads copy e mod copies, so an epoch is one pass over the originals. The order
is a function of (seed, epoch), so a run that resumes goes on with the batch that came next.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pipeline.learning.device import Device


class Examples(NamedTuple):
    """Images and what they are; all of one length N."""

    images: Tensor
    """uint8, shape `(N, H, W, C)`."""
    labels: Tensor
    """int64 class indices, shape `(N,)`."""
    weights: Tensor
    """float32, shape `(N,)`, share of each example in the loss."""


Epochs = Callable[[int], Examples]
"""Gives the examples of an epoch (0, 1, …), in an order of its own."""


def make_examples(images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Examples:
    return Examples(
        torch.from_numpy(np.ascontiguousarray(images)),
        torch.from_numpy(labels.astype(np.int64)),
        torch.from_numpy(weights.astype(np.float32)),
    )


def epoch_order(seed: int, epoch: int, num_examples: int) -> Tensor:
    """A permutation of `range(num_examples)`, the same for the same seed and epoch."""
    generator = np.random.Generator(np.random.PCG64([seed, epoch]))
    return torch.from_numpy(generator.permutation(num_examples))


def batches(
    examples: Examples, order: Tensor, batch_size: int, device: Device, start: int = 0
) -> Iterator[Examples]:
    """Batches number `start`, `start + 1`, … of an epoch in the given order, on the device.

    The last one may be smaller; a last one of a single example, which batch norm cannot take,
    joins the one before.
    """
    order = order.to(examples.images.device)
    last = num_batches(len(order), batch_size) - 1
    for number in range(start, last + 1):
        end = len(order) if number == last else (number + 1) * batch_size
        chosen = order[number * batch_size : end]
        yield Examples(*(part[chosen].to(device.kind, non_blocking=True) for part in examples))


def on_device(examples: Examples, device: Device) -> Examples:
    """The examples in the GPU's memory when they take less than a quarter of it, else as given.

    Gathering batches there costs a copy at the speed of its memory, and the host nothing.
    """
    if device.kind != "cuda":
        return examples
    free, _ = torch.cuda.mem_get_info()
    if examples.images.nbytes > free // 4:
        return examples
    return Examples(*(part.to("cuda") for part in examples))


def num_batches(num_examples: int, batch_size: int) -> int:
    """How many batches `batches` gives from the start."""
    return max(1, (num_examples - 2) // batch_size + 1)


class Normalizer:
    """uint8 `(N, H, W, C)` to float `(N, C, H, W)`, channels last, zero mean and unit variance."""

    def __init__(self, mean: list[float], std: list[float], device: Device) -> None:
        """`mean` and `std` are per channel, of pixels from 0 to 255."""
        self.mean = torch.tensor(mean, dtype=torch.float32, device=device.kind).view(1, -1, 1, 1)
        scale = torch.tensor(std, dtype=torch.float32, device=device.kind).view(1, -1, 1, 1)
        # A channel that never changes has no variance to bring to one.
        self.scale = 1 / scale.clamp(min=1.0)

    def __call__(self, images: Tensor) -> Tensor:
        # The permuted uint8 is channels-last in memory, and stays so.
        return (images.permute(0, 3, 1, 2).float() - self.mean) * self.scale
