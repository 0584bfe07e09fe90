"""Batches of examples in memory: uint8 images `(N, H, W, C)`, normalised on the device.

Training epoch e reads copy e mod copies, so an epoch is one pass over the originals. The order
is a function of (seed, epoch), so a run that resumes goes on with the batch that came next.
A copy that does not fit in memory is streamed instead (train/streaming.py).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.learning.device import Device
from pipeline.modalities.images.network.on_device import num_within


class Examples(NamedTuple):
    """Images, labels and weights, all of one length N."""

    images: Tensor
    """uint8, shape `(N, H, W, C)`."""
    labels: Tensor
    """int64 class indices, shape `(N,)`."""
    weights: Tensor
    """float32, shape `(N,)`, share of each example in the loss."""


@dataclass(frozen=True)
class RankShare:
    """The part of every batch that one of several processes (ranks) trains on.

    All ranks make the same steps, with parts of the same batches.
    """

    rank: int = 0
    world_size: int = 1

    def batches(self, num_examples: int, batch_size: int) -> list[tuple[int, int]]:
        """The places `[begin, end)` of each batch in the order of an epoch, of all ranks together.

        The last batch is smaller. Where it would have less than two examples for each rank, which
        batch norm needs, it joins the one before.
        """
        number = num_batches(num_examples, batch_size, 2 * self.world_size)
        starts = [batch * batch_size for batch in range(number)]
        return list(zip(starts, [*starts[1:], num_examples], strict=True))

    def part(self, begin: int, end: int) -> tuple[int, int]:
        """This rank's part of the places `[begin, end)`; sizes differ by one at most."""
        first, last = ((end - begin) * r // self.world_size for r in (self.rank, self.rank + 1))
        return begin + first, begin + last


ALONE = RankShare()


class EpochSource(Protocol):
    """The examples of an epoch, in memory or streamed, and its batches."""

    @property
    def num_examples(self) -> int:
        """Of all ranks, in one epoch."""
        ...

    def sample_images(self, num_pixels: int) -> Tensor:
        """A sample of the images, of at most `num_pixels` pixels together but at least one image:
        for networks with `look_at` (fitting/loop.py)."""
        ...

    def batches(
        self, seed: int, epoch: int, batch_size: int, device: Device, start: int = 0
    ) -> Iterator[Examples]:
        """This rank's part of the batches `start`, `start + 1`, … of an epoch, on the device."""
        ...


Epochs = Callable[[int], Examples | EpochSource]
"""Returns the examples or the source of an epoch (0, 1, …); examples are shuffled."""


@dataclass(frozen=True)
class InMemory:
    """Examples in memory, in another order each epoch."""

    examples: Examples
    share: RankShare = ALONE

    @property
    def num_examples(self) -> int:
        return len(self.examples.labels)

    def sample_images(self, num_pixels: int) -> Tensor:
        images = self.examples.images  # which may come class by class
        num = num_within(num_pixels, images.shape[1:])
        return images[:: -(-len(images) // num)]

    def batches(
        self, seed: int, epoch: int, batch_size: int, device: Device, start: int = 0
    ) -> Iterator[Examples]:
        num = len(self.examples.labels)
        order = torch.from_numpy(permutation(num, seed, epoch))
        batches = self.share.batches(num, batch_size)[start:]
        places = [slice(*self.share.part(*batch)) for batch in batches]
        return gather(self.examples, order, places, device)


def make_examples(images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> Examples:
    return Examples(
        torch.from_numpy(np.ascontiguousarray(images)),
        torch.from_numpy(labels.astype(np.int64)),
        torch.from_numpy(weights.astype(np.float32)),
    )


def permutation(num: int, *key: int) -> NDArray[np.int64]:
    """A permutation of `range(num)`, the same for the same key: seed, epoch, …"""
    return np.random.Generator(np.random.PCG64(key)).permutation(num)


def num_batches(num_examples: int, batch_size: int, least: int = 2) -> int:
    """How many batches an epoch has, the last of which may be smaller; but a last one of less than
    `least` examples (batch norm cannot take a single one) joins the one before."""
    return max(1, (num_examples - least) // batch_size + 1)


def gather(
    examples: Examples, order: Tensor, places: Iterable[slice], device: Device
) -> Iterator[Examples]:
    """The examples at each of the places in the order, on the device."""
    order = order.to(examples.images.device)
    # From pinned memory a GPU copies while the host goes on.
    pinned = device.kind == "cuda" and examples.images.device.type == "cpu"
    for place in places:
        chosen = order[place]
        parts = []
        for part in examples:
            if part.device.type != "cpu":
                parts.append(part.index_select(0, chosen))
                continue
            batch = _empty_rows(part, len(chosen), pinned)
            # Not part[chosen], which takes four times as long for uint8 images.
            torch.index_select(part, 0, chosen, out=batch)
            # Only pinned memory may be copied asynchronously: other memory may be reused before
            # the copy has run.
            parts.append(batch.to(device.kind, non_blocking=pinned))
        yield Examples(*parts)


def _empty_rows(part: Tensor, num: int, pinned: bool) -> Tensor:
    """An empty tensor for `num` rows like those of `part`, in pinned memory if `pinned`."""
    shape = (num, *part.shape[1:])
    if pinned:
        return part.new_empty(shape, pin_memory=True)
    # NumPy's memory: glibc 2.36 fails to reuse the holes that torch's aligned blocks leave, and the
    # heap grew by a dozen batches.
    return torch.from_numpy(np.empty(shape, part.numpy().dtype))


def on_device(examples: Examples, device: Device) -> Examples:
    """The examples in the GPU's memory when they take less than a quarter of it, else unchanged.

    Gathering batches there costs a copy at the speed of its memory, and the host nothing.
    """
    if device.kind != "cuda":
        return examples
    free, _ = torch.cuda.mem_get_info()
    free += torch.cuda.memory_reserved() - torch.cuda.memory_allocated()  # torch's own
    if examples.images.nbytes > free // 4:
        return examples
    return Examples(*(part.to("cuda") for part in examples))
