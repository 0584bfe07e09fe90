"""Offline augmentation on one core, beside torchvision v2 and albumentations image by image.

Crop (padded by reflection) and flip; the same with colour (brightness, contrast, saturation, hue);
the same with TrivialAugment. Every peer gets decoded images in the form that it likes best, in a
process of its own with one thread, all peers in turn. The rate is images for each second of CPU
time, which other work on the machine disturbs least. Two workers share the images between them and
are compared with one by the clock.

    uv pip install -c requirements.txt ".[bench]"
    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/augment.py [--rounds 3] [--images 10000]
        [--peers NAME ...]    none: one worker against two alone
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image
from results import Figure, middle_and_range, save, spread

ROOT = Path(__file__).resolve().parent.parent
CASES = ["crop + flip", "+ colour", "+ TrivialAugment"]
WORDS = dict(
    zip(
        CASES, ("crop and flip", "crop, flip and colour", "crop, flip, TrivialAugment"), strict=True
    )
)
JITTER = (0.2, 0.2, 0.2, 0.05)  # brightness, contrast, saturation, hue
OURS = "groundwork"
PASSES = {OURS: 10}  # a fast one goes over the images more often, to be timed at all


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", default=os.environ.get("GROUNDWORK_CIFAR10"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--peers", nargs="*", default=[name for name in PEERS if name != OURS])
    parser.add_argument("--child", nargs=4, metavar=("PEER", "CASE", "WORKER", "WORKERS"))
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    if options.child:
        work(options.file, *options.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "images.npy"
        images = read_cifar10(options.cifar10, options.images)
        np.save(file, images)
        compare(file, len(images), options.rounds, [OURS, *options.peers])


def read_cifar10(folder: str | None, num: int) -> np.ndarray:
    if not folder:
        print("GROUNDWORK_CIFAR10 names no folder with CIFAR-10 in Parquet: random images")
        return np.random.default_rng(0).integers(0, 256, (num, 32, 32, 3), dtype=np.uint8)
    encoded: list[bytes] = []
    for path in sorted(Path(folder).glob("train-*.parquet")):
        encoded += [row["bytes"] for row in pq.read_table(path, columns=["img"])["img"].to_pylist()]
    return np.stack([np.asarray(Image.open(BytesIO(data))) for data in encoded[:num]])


def compare(file: Path, num: int, rounds: int, names: list[str]) -> None:
    rates: dict[tuple[str, str], list[float]] = defaultdict(list)
    peaks: dict[tuple[str, str], float] = defaultdict(float)
    speed_ups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(rounds):
        for case in CASES:
            clock, cpu = {}, {}
            for name in names:
                if (name, case) in MISSING:
                    continue
                clock[name], [found] = run(file, name, case, workers=1)
                cpu[name] = found["cpu_seconds"]
                rates[name, case].append(num * PASSES.get(name, 1) / found["cpu_seconds"])
                peaks[name, case] = max(peaks[name, case], found["peak_mb"])
            two, of_each = run(file, OURS, case, workers=2)
            slower = max(found["cpu_seconds"] for found in of_each)
            speed_ups[case].append((clock[OURS] / two, cpu[OURS] / slower))
    print(f"{num} images of 32 x 32 x 3, n = {rounds} rounds, all in turn")
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores")
    for (name, case), values in sorted(rates.items(), key=lambda item: CASES.index(item[0][1])):
        ratios = [ours / rate for ours, rate in zip(rates[OURS, case], values, strict=True)]
        print(
            f"{case:17} {name:21} {statistics.median(values):8.0f} images per CPU second "
            f"({min(values):.0f} to {max(values):.0f}), groundwork / it "
            f"{statistics.median(ratios):5.1f} ({min(ratios):.1f} to {max(ratios):.1f}), "
            f"peak {peaks[name, case]:.0f} MB"
        )
    record(rates, rounds)
    for case, pairs in speed_ups.items():
        by_clock, by_cpu = zip(*pairs, strict=True)
        print(
            f"{case:17} two workers / one: by the clock {statistics.median(by_clock):.2f} "
            f"({min(by_clock):.2f} to {max(by_clock):.2f}), by the CPU time of the slower one "
            f"{statistics.median(by_cpu):.2f} ({min(by_cpu):.2f} to {max(by_cpu):.2f})"
        )


def record(rates: dict[tuple[str, str], list[float]], rounds: int) -> None:
    """Leave each case beside its best peer for `make figures`; nothing where no peer ran."""
    figures = []
    for case in CASES:
        peers = {name: rate for (name, of), rate in rates.items() if of == case and name != OURS}
        if not peers:
            continue
        best = max(peers, key=lambda name: statistics.median(peers[name]))
        ratios = [ours / rate for ours, rate in zip(rates[OURS, case], peers[best], strict=True)]
        figures.append(
            Figure(
                "augment",
                f"{WORDS[case]}, images a second of CPU time",
                spread(rates[OURS, case], 0),
                rounds,
                f"{best}: {statistics.median(peers[best]):,.0f}",
                middle_and_range(ratios),
            )
        )
    if figures:
        save("augment", figures, f"python benchmarks/augment.py --rounds {rounds}")


def run(file: Path, name: str, case: str, workers: int) -> tuple[float, list[dict[str, float]]]:
    """Seconds by the clock from a common start, and what each worker says of itself."""
    children = [
        subprocess.Popen(
            [sys.executable, __file__, "--file", file, "--child", name, case, str(i), str(workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )
        for i in range(workers)
    ]
    for child in children:
        if child.stdout.readline() != "ready\n":
            sys.exit(f"{name} failed; is the extra `bench` installed?")
    started = time.perf_counter()
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    found = [json.loads(child.stdout.readline()) for child in children]
    took = time.perf_counter() - started
    for child in children:
        child.communicate()
    return took, found


def work(file: Path, name: str, case: str, worker: str, workers: str) -> None:
    """In a process of its own: prepare, say so, wait for the start, augment a share of all."""
    images = np.load(file)[int(worker) :: int(workers)].copy()
    augment = PEERS[name](images, case)
    augment(0)
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    for number in range(PASSES.get(name, 1)):
        augment(number + 1)
    seconds = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"cpu_seconds": seconds, "peak_mb": peak}), flush=True)


Augment = Callable[[int], Any]
"""Augments all images, for the given pass; pass 0 is to warm up and may be short."""


def groundwork(images: np.ndarray, case: str) -> Augment:
    from pipeline.dataset.randomness import id_keys
    from pipeline.modalities.images.encode.settings import Color, Flip, Translate, TrivialAugment
    from pipeline.modalities.images.encode.transforms.augment import augment

    brightness, contrast, saturation, hue = JITTER
    transforms: list[Any] = [Translate(name="translate", fraction=0.125), Flip(name="flip")]
    if case == "+ colour":
        color = Color(
            name="color", brightness=brightness, contrast=contrast, saturation=saturation, hue=hue
        )
        transforms.append(color)
    if case == "+ TrivialAugment":
        transforms.append(TrivialAugment(name="trivial_augment"))
    keys = id_keys(map(str, range(len(images))))
    return lambda number: augment(images, keys, number + 1, transforms=transforms, seed=0)


def torchvision_transform(case: str) -> Any:
    import torch
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    transforms = [v2.RandomCrop(32, 4, padding_mode="reflect"), v2.RandomHorizontalFlip()]
    if case == "+ colour":
        transforms.append(v2.ColorJitter(*JITTER))
    if case == "+ TrivialAugment":
        transforms.append(v2.TrivialAugmentWide())
    return v2.Compose(transforms)


def one_by_one(transform: Callable[[Any], Any], items: list[Any]) -> Augment:
    def augment(number: int) -> None:
        for item in items if number else items[:200]:
            transform(item)

    return augment


def torchvision_tensors(images: np.ndarray, case: str) -> Augment:
    import torch

    tensors = [torch.from_numpy(image.transpose(2, 0, 1).copy()) for image in images]
    return one_by_one(torchvision_transform(case), tensors)


def torchvision_pil(images: np.ndarray, case: str) -> Augment:
    return one_by_one(torchvision_transform(case), [Image.fromarray(image) for image in images])


def albumentations(images: np.ndarray, case: str) -> Augment:
    import albumentations
    import cv2

    cv2.setNumThreads(1)
    around = [(1 - most, 1 + most) for most in JITTER[:3]]
    transforms: list[Any] = [
        albumentations.Pad(4, border_mode=cv2.BORDER_REFLECT_101, p=1),
        albumentations.RandomCrop(32, 32),
        albumentations.HorizontalFlip(),
    ]
    if case == "+ colour":
        transforms.append(albumentations.ColorJitter(*around, (-JITTER[3], JITTER[3]), p=1))
    compose = albumentations.Compose(transforms, seed=0)
    return one_by_one(lambda image: compose(image=image), list(images))


PEERS: dict[str, Callable[[np.ndarray, str], Augment]] = {
    OURS: groundwork,
    "torchvision, tensors": torchvision_tensors,
    "torchvision, PIL": torchvision_pil,
    "albumentations": albumentations,
}
MISSING = {("albumentations", "+ TrivialAugment")}


if __name__ == "__main__":
    main()
