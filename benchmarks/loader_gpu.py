"""Shuffled training batches on a GPU: from its own memory, the host's, and streamed from disk.

The CIFAR-10 training images, decoded, in shards. Each case gives batches of 1,000 on the device, in
turn, several epochs; the clock stops when the GPU has all of them. `gather` is the limit: one
`index_select` over images that are there. Peers are torch's DataLoader over the images in memory,
with worker processes and pinned memory, without augmentation and with torchvision's crop and flip,
image by image; beside the second stands ours, with flip, translate and cutout on the device.
`streamed` reads ten times as many images as its budget holds.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/loader_gpu.py [--rounds 3] [--workers 8]
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from cifar import read_cifar
from loader_peers import ROWS_PER_FILE, SHAPE, write_groundwork
from results import WITH_CIFAR10, Figure, middle_and_range, save, spread, typed_command
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.transforms import v2

from pipeline.dataset.shards.column import INPUT
from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.batches import EpochSource, Examples, InMemory, make_examples, on_device
from pipeline.learning.device import Device, choose_device
from pipeline.modalities.images.modules.image_network import gains_by_bf16
from pipeline.modalities.images.modules.on_device import augment_batch
from pipeline.modalities.images.network.settings import Cutout, Flip, Translate
from pipeline.train.streaming import Stream

BATCH = 1000
AUGMENTATION = [
    Flip(name="flip", probability=0.5),
    Translate(name="translate", fraction=0.125),
    Cutout(name="cutout", fraction=0.25),
]
Epoch = Callable[[int], Iterator[tuple[Tensor, ...]]]


class Augmented(Dataset):
    """Images as a DataLoader's workers augment them."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples
        self.change = v2.Compose(
            [v2.RandomCrop(32, 4, padding_mode="reflect"), v2.RandomHorizontalFlip()]
        )

    def __len__(self) -> int:
        return len(self.examples.y)

    def __getitem__(self, row: int) -> tuple[Tensor, Tensor]:
        image = self.examples.inputs[INPUT][row].permute(2, 0, 1)
        return self.change(image), self.examples.y[row]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3, help="in each round")
    parser.add_argument("--workers", type=int, default=8, help="of torch's DataLoader")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("skipped: torch finds no CUDA device here")
    device = choose_device("auto", "auto", gains_by_bf16({"shape": SHAPE}))
    train = read_cifar("train")
    weights = torch.ones(len(train.labels)).numpy()
    examples = make_examples({INPUT: train.images}, train.labels, weights)
    with tempfile.TemporaryDirectory() as folder:
        parts = [
            (
                train.images[first : first + ROWS_PER_FILE],
                train.labels[first : first + ROWS_PER_FILE],
            )
            for _ in range(10)
            for first in range(0, len(train.labels), ROWS_PER_FILE)
        ]
        write_groundwork(Path(folder), parts)
        reader = ShardReader(Path(folder))
        reader.verify(["train"])
        stream = Stream(reader, "train", 0, reader.num_bytes("train") / 10)
        there = on_device(examples, device)
        assert there.inputs[INPUT].device.type == "cuda"
        workers = {
            "num_workers": options.workers,
            "pin_memory": True,
            "persistent_workers": options.workers > 0,
        }
        in_memory = TensorDataset(examples.inputs[INPUT], examples.y)
        cases: dict[str, Epoch] = {
            "gather on the GPU": partial(gathered, there),
            "groundwork, on the GPU": lambda e: batches(InMemory(there), e, device),
            "groundwork, from the host": lambda e: batches(InMemory(examples), e, device),
            "groundwork, streamed": lambda e: batches(stream, e, device),
            "groundwork, augmented": lambda e: augmented(batches(InMemory(there), e, device), e),
            "DataLoader": partial(moved, DataLoader(in_memory, BATCH, shuffle=True, **workers)),
            "DataLoader, augmented": partial(
                moved, DataLoader(Augmented(examples), BATCH, shuffle=True, **workers)
            ),
        }
        rates: dict[str, list[float]] = {name: [] for name in cases}
        for epoch in cases.values():
            images_per_second(epoch, 0)  # warms up; starts workers
        for number in range(options.rounds):
            for name, epoch in cases.items():
                found = [
                    images_per_second(epoch, number * options.epochs + e)
                    for e in range(options.epochs)
                ]
                rates[name].append(median(found))
    print(f"torch {torch.__version__}, Python {platform.python_version()}")
    print(
        f"{device}; {len(os.sched_getaffinity(0))} cores, {options.workers} workers of DataLoader"
    )
    print(f"batches of {BATCH}, n = {options.rounds}: median (min to max)")
    limit = rates["gather on the GPU"]
    for name, found in rates.items():
        shares = [rate / most for rate, most in zip(found, limit, strict=True)]
        print(f"{name:28}{spread(found, 0)} images/s, {spread(shares, 4)} of gather")
    save("loader-gpu", figures_of(rates, options.workers), typed_command(WITH_CIFAR10), str(device))


def figures_of(rates: dict[str, list[float]], workers: int) -> list[Figure]:
    """Rows of the page, from the images/s of each case."""

    def figure(what: str, name: str, digits: int, peer: str, beside: str) -> Figure:
        ours, theirs = ([rate / 1e6 for rate in rates[case]] for case in (name, peer))
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        beside = f"{beside}: {median(theirs):.{digits + 1}f}"
        ratio = middle_and_range(ratios)
        return Figure("load", what, spread(ours, digits), len(ours), beside, ratio)

    return [
        figure(
            f"batches of {BATCH:,} on a GPU from its memory, million images/s",
            "groundwork, on the GPU",
            1,
            "gather on the GPU",
            "gather from the GPU's memory",
        ),
        figure(
            "the same with flip, translate and cutout",
            "groundwork, augmented",
            2,
            "DataLoader, augmented",
            f"torch's DataLoader, {workers} workers, torchvision's crop and flip",
        ),
    ]


def gathered(examples: Examples, epoch: int) -> Iterator[tuple[Tensor, ...]]:
    order = torch.randperm(examples.num, device="cuda")
    for chosen in order.split(BATCH):
        yield as_tuple(examples.each(lambda part, chosen=chosen: part.index_select(0, chosen)))


def batches(source: EpochSource, epoch: int, device: Device) -> Iterator[tuple[Tensor, ...]]:
    return map(as_tuple, source.batches(0, epoch, BATCH, device))


def as_tuple(examples: Examples) -> tuple[Tensor, ...]:
    """Images, labels and weights."""
    return examples.inputs[INPUT], examples.y, examples.weights


def augmented(batches: Iterator[tuple[Tensor, ...]], epoch: int) -> Iterator[tuple[Tensor, ...]]:
    for step, (images, *others) in enumerate(batches):
        changed = augment_batch(images, AUGMENTATION, seed=0, epoch=epoch, step=step)
        yield changed, *others


def moved(loader: DataLoader, epoch: int) -> Iterator[tuple[Tensor, ...]]:
    for batch in loader:
        yield tuple(part.to("cuda", non_blocking=True) for part in batch)


def images_per_second(epoch: Epoch, number: int) -> float:
    torch.cuda.synchronize()
    started = time.perf_counter()
    num = sum(len(images) for images, *_ in epoch(number))
    torch.cuda.synchronize()
    return num / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
