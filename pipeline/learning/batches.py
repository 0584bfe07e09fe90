"""Batches of examples in memory: input columns as in shards; the network scales them.

Training epoch e reads copy e mod copies, so an epoch is one pass over the originals. The order
is a function of (seed, epoch), so a resumed run continues with the next batch.
A copy that does not fit in memory is streamed instead (train/streaming.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.learning.device import Device

Inputs = dict[str, Tensor]
"""Input columns of N examples by name, `(N, ...)` each."""


class Examples(NamedTuple):
    """Inputs, y and weights, all of one length N."""

    inputs: Inputs
    y: Tensor
    """The target of each example, `(N,)` or `(N, ...)`: int64 or float32."""
    weights: Tensor
    """float32, shape `(N,)`, share of each example in the loss."""

    @property
    def num(self) -> int:
        return len(self.weights)

    def each(self, function: Callable[[Tensor], Tensor]) -> "Examples":
        """Apply a function to each of the tensors."""
        inputs = {name: function(values) for name, values in self.inputs.items()}
        return Examples(inputs, function(self.y), function(self.weights))


@dataclass(frozen=True)
class RankShare:
    """The part of every batch that one of several processes (ranks) trains on.

    All ranks take the same steps, with parts of the same batches.
    """

    rank: int = 0
    world_size: int = 1

    def batches(self, num_examples: int, batch_size: int) -> list[tuple[int, int]]:
        """The places `[begin, end)` of each batch in the order of an epoch, of all ranks together.

        The last batch is smaller. If it would have less than two examples for each rank, which
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
        """Number of examples of all ranks, in one epoch."""
        ...

    def sample(self, num_rows: int) -> Inputs:
        """Inputs of at most `num_rows` examples: for networks with `look_at`."""
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
        return self.examples.num

    def sample(self, num_rows: int) -> Inputs:
        step = -(-self.examples.num // num_rows)  # their order may carry meaning
        return {name: values[::step] for name, values in self.examples.inputs.items()}

    def batches(
        self, seed: int, epoch: int, batch_size: int, device: Device, start: int = 0
    ) -> Iterator[Examples]:
        num = self.examples.num
        order = torch.from_numpy(permutation(num, seed, epoch))
        batches = self.share.batches(num, batch_size)[start:]
        places = [slice(*self.share.part(*batch)) for batch in batches]
        return gather(self.examples, order, places, device)


def make_examples(inputs: Mapping[str, NDArray], y: NDArray, weights: NDArray) -> Examples:
    """Make examples from arrays; integers in y become int64, other numbers float32."""
    kind = np.int64 if np.issubdtype(y.dtype, np.integer) else np.float32
    return Examples(
        as_tensors(inputs),
        torch.from_numpy(y.astype(kind)),
        torch.from_numpy(weights.astype(np.float32)),
    )


def as_tensors(inputs: Mapping[str, NDArray]) -> Inputs:
    """Convert input columns to tensors, which share the memory of contiguous arrays."""
    return {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in inputs.items()}


def permutation(num: int, *key: int) -> NDArray[np.int64]:
    """A permutation of `range(num)`, the same for the same key: seed, epoch, …"""
    return np.random.Generator(np.random.PCG64(key)).permutation(num)


def num_batches(num_examples: int, batch_size: int, least: int = 2) -> int:
    """Number of batches of an epoch. The last may be smaller; one of less than `least` examples
    (batch norm cannot take a single one) joins the one before."""
    return max(1, (num_examples - least) // batch_size + 1)


def gather(
    examples: Examples, order: Tensor, places: Iterable[slice], device: Device
) -> Iterator[Examples]:
    """The examples at each of the places in the order, on the device."""
    there = examples.weights.device
    order = order.to(there)
    # From pinned memory a GPU copies while the host continues.
    pinned = device.kind == "cuda" and there.type == "cpu"

    def rows(values: Tensor, chosen: Tensor) -> Tensor:
        if there.type != "cpu":
            return values.index_select(0, chosen)
        batch = _empty_rows(values, len(chosen), pinned)
        # values[chosen] would take four times as long for uint8.
        torch.index_select(values, 0, chosen, out=batch)
        # Only pinned memory may be copied asynchronously: other memory may be reused before
        # the copy has run.
        return batch.to(device.kind, non_blocking=pinned)

    for place in places:
        yield examples.each(partial(rows, chosen=order[place]))


def _empty_rows(values: Tensor, num: int, pinned: bool) -> Tensor:
    """An empty tensor for `num` rows like those of `values`, in pinned memory if `pinned`."""
    shape = (num, *values.shape[1:])
    if pinned:
        return values.new_empty(shape, pin_memory=True)
    # NumPy's memory: with torch's aligned blocks, glibc 2.36 fails to reuse holes, and the heap
    # grew by a dozen batches.
    return torch.from_numpy(np.empty(shape, values.numpy().dtype))


def on_device(examples: Examples, device: Device) -> Examples:
    """Move examples into the GPU's memory if they take less than a quarter of it.

    Gathering batches there costs a copy at the speed of its memory, and the host nothing.
    """
    if device.kind != "cuda":
        return examples
    free, _ = torch.cuda.mem_get_info()
    free += torch.cuda.memory_reserved() - torch.cuda.memory_allocated()  # torch's own cache
    if sum(values.nbytes for values in examples.inputs.values()) > free // 4:
        return examples
    return examples.each(lambda values: values.to("cuda"))
