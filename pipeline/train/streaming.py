"""Streams batches of more examples than fit in memory: read ahead, shuffled in windows.

An epoch is the blocks of its copy, about a megabyte each, in random order. This order is cut into
windows. A window is read whole and its examples are shuffled; while its batches are used a thread
reads the next. So memory holds two windows, and two batches: the one in use and the next one.
These four share the allowed memory; a window is at least a batch.

As blocks are small and come from all over, each window is a random sample of the data, not a
few neighbouring shards. The order is a function of (seed, epoch), index.json and the two sizes,
never of the machine; where one window holds everything, it is the order of `InMemory`.

Each of several ranks reads and shuffles its own rows of every window, and no rank reads rows that
others train on. Their shared batches then have the sizes of one process's batches, but other
combinations of examples.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.dataset.shards.files import ShardRows
from pipeline.dataset.shards.reader import Block, ShardReader
from pipeline.learning.batches import (
    ALONE,
    Epochs,
    Examples,
    Inputs,
    RankShare,
    as_tensors,
    gather,
    make_examples,
    permutation,
)
from pipeline.learning.device import Device


@dataclass(frozen=True)
class BlockOrder:
    """The blocks of an epoch in shuffled order, like one table of N rows."""

    blocks: Sequence[Block]
    """Blocks in the order of the files."""
    order: NDArray[np.int64]
    """Numbers of `blocks` in the order of the epoch."""
    ends: NDArray[np.int64]
    """The row of the epoch at which each of `order` ends."""

    @classmethod
    def shuffled(cls, blocks: Sequence[Block], seed: int, epoch: int) -> "BlockOrder":
        order = permutation(len(blocks), seed, epoch, 0, 1)
        rows = np.array([block.rows for block in blocks], np.int64)
        return cls(blocks, order, rows[order].cumsum())

    def between(self, begin: int, end: int) -> list[Block]:
        """The blocks with rows `[begin, end)`, in the order of the files; outer ones are cut."""
        first, last = np.searchsorted(self.ends, [begin, end - 1], "right")
        blocks = []
        for place in range(first, last + 1):
            number = int(self.order[place])
            block = self.blocks[number]
            block_begin = int(self.ends[place]) - block.rows
            skipped = max(0, begin - block_begin)
            rows = min(block.rows, end - block_begin) - skipped
            blocks.append((number, Block(block.file, block.first + skipped, rows)))
        return [block for _, block in sorted(blocks, key=lambda pair: pair[0])]


@dataclass(frozen=True)
class Stream:
    """The examples of a split in one copy, with `memory_bytes` of inputs in memory, or four batches
    if these are more."""

    reader: ShardReader
    split: str
    copy: int
    memory_bytes: float
    share: RankShare = ALONE

    @property
    def num_examples(self) -> int:
        return self.reader.num_examples(self.split)

    def sample(self, num_rows: int) -> Inputs:
        num = min(num_rows, self.num_examples)
        blocks = self._block_order(seed=0, epoch=0).between(0, num)
        return as_tensors(self._read(blocks, self.reader.empty_rows(num), 0).inputs)

    def batches(
        self, seed: int, epoch: int, batch_size: int, device: Device, start: int = 0
    ) -> Iterator[Examples]:
        batches = self.share.batches(self.num_examples, batch_size)
        per_window = self._batches_per_window(batch_size)
        groups = [batches[k : k + per_window] for k in range(0, len(batches), per_window)]
        first, done = divmod(start, per_window)
        windows = [self._places(group) for group in groups[first:]]
        order_of_blocks = self._block_order(seed, epoch)
        most_rows = max((window[-1].stop - window[0].start for window in windows), default=0)
        # A single allocation, so that malloc returns it to the system after the epoch.
        room = self.reader.empty_rows(most_rows * len(windows[:2]))

        def read(number: int) -> ShardRows:
            begin, end = windows[number][0].start, windows[number][-1].stop
            return self._read(order_of_blocks.between(begin, end), room, number % 2 * most_rows)

        for window, rows in zip(windows, _ahead(read, range(len(windows))), strict=True):
            begin = window[0].start
            order = torch.from_numpy(permutation(len(rows.weights), seed, epoch, begin))
            places = [slice(batch.start - begin, batch.stop - begin) for batch in window[done:]]
            yield from gather(make_examples(*rows), order, places, device)
            done = 0

    def _places(self, window: list[tuple[int, int]]) -> list[slice]:
        """The rows of the epoch for this rank's part of each batch: contiguous, after other ranks'.

        The rows of a window are divided among the ranks as its batches are.
        """
        parts = [self.share.part(*batch) for batch in window]
        of_ranks_before = sum(part[0] - batch[0] for part, batch in zip(parts, window, strict=True))
        ends = accumulate((end - begin for begin, end in parts), initial=window[0][0])
        return [
            slice(begin + of_ranks_before, end + of_ranks_before) for begin, end in pairwise(ends)
        ]

    def _batches_per_window(self, batch_size: int) -> int:
        of_rank = -(-batch_size // self.share.world_size)
        batch_bytes = of_rank * self.reader.row_bytes
        return max(1, int((self.memory_bytes - 2 * batch_bytes) / 2 / batch_bytes))

    def _block_order(self, seed: int, epoch: int) -> BlockOrder:
        return BlockOrder.shuffled(self.reader.blocks(self.split, self.copy), seed, epoch)

    def _read(self, blocks: list[Block], room: ShardRows, begin: int) -> ShardRows:
        """Read the blocks into the rows of `room` from number `begin` on; returns these rows."""
        end = begin
        for block in blocks:
            self.reader.read_block(block, room, end)
            end += block.rows
        inputs = {name: values[begin:end] for name, values in room.inputs.items()}
        return ShardRows(inputs, room.y[begin:end], room.weights[begin:end])


def training_epochs(
    reader: ShardReader, memory_bytes: float, share: RankShare = ALONE, num_epochs: float = math.inf
) -> Epochs:
    """Make the source of each of `num_epochs` epochs: copy e mod copies, in memory if a copy fits,
    else streamed."""
    num_fit = int(memory_bytes // max(1, reader.num_bytes("train")))
    if num_fit == 0:
        return lambda epoch: Stream(reader, "train", epoch % reader.copies, memory_bytes, share)
    # Copies are used in turn, so a cache of some but not all of them would never hit.
    num_held = reader.copies if num_fit >= reader.copies else min(num_fit, 2)
    return _Copies(reader, num_held, num_epochs).of_epoch


class _Copies:
    """Copies of the training examples in memory; while one is in use, the next is read."""

    def __init__(self, reader: ShardReader, most: int, num_epochs: float) -> None:
        """Hold at most `most` at a time; if that is one of several, none is read ahead."""
        self._reader, self._most, self._num_epochs = reader, most, num_epochs
        self._thread = ThreadPoolExecutor(1)
        self._held: dict[int, Future[Examples]] = {}

    def of_epoch(self, epoch: int) -> Examples:
        copy, following = (e % self._reader.copies for e in (epoch, epoch + 1))
        self._hold(copy)
        examples = self._held[copy].result()
        if self._most > 1 and epoch + 1 < self._num_epochs:
            self._hold(following, beside=copy)
        return examples

    def _hold(self, copy: int, beside: int | None = None) -> None:
        if copy in self._held:
            return
        for other in list(self._held):
            if len(self._held) >= self._most and other != beside:
                del self._held[other]
        self._held[copy] = self._thread.submit(self._read, copy)

    def _read(self, copy: int) -> Examples:
        return make_examples(*self._reader.read_rows("train", copy))


def _ahead(read: Callable[[int], ShardRows], numbers: Iterable[int]) -> Iterator[ShardRows]:
    """Like `map(read, numbers)`; while a result is used, a thread makes the next one."""
    with ThreadPoolExecutor(1) as thread:
        waiting: deque[Future[ShardRows]] = deque()
        for number in numbers:
            waiting.append(thread.submit(read, number))
            if len(waiting) == 2:
                yield waiting.popleft().result()
        yield from (future.result() for future in waiting)
