"""Shuffled training batches from disk, in one process and thread, beside other loaders.

The CIFAR-10 training images, decoded, are written in the format of each loader (ImageFolder:
as JPEGs, which it decodes). Then, in turn and in processes of their own, each gives shuffled
batches of 512 for several epochs. The first has all preparation in it: opening, verifying digests,
reading into memory. `gather` and `memcpy` are limits: batches of images that are in memory.

`--larger` makes data of ten times a memory budget out of copies of the images, and streams it.
Peers are stopped after MAX_SECONDS of an epoch. Files are in the page cache or, with `--cold`,
not, for all alike.

Time is also given in seconds of CPU, which other work on the machine changes least. Memory is
the peak resident set above that of the process with everything imported.

    pip install -r requirements-bench.txt
    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/loader.py [--rounds 3] [--larger] [--cold]
"""

import argparse
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

PEERS = Path(__file__).resolve().with_name("loader_peers.py")
MAX_SECONDS = 60
FORMATS = {  # the reader, and whose files it reads
    "groundwork": "groundwork",
    "gather from memory": "groundwork",
    "memcpy": "groundwork",
    "hugging face": "hugging face",
    "hugging face, iterable": "hugging face",
    "mosaicml streaming": "mosaicml streaming",
    "webdataset": "webdataset",
    "image folder": "image folder",
}
IN_MEMORY = ["gather from memory", "memcpy"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", default=os.environ.get("GROUNDWORK_CIFAR10"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--larger", action="store_true", help="ten times a memory budget instead")
    parser.add_argument("--budget-mb", type=float, default=400, help="of --larger")
    parser.add_argument("--cold", action="store_true", help="drop the files from the page cache")
    parser.add_argument("--without", nargs="*", default=[], help="readers to leave out")
    parser.add_argument(
        "--mosaic-python", default=sys.executable, help="which has mosaicml-streaming"
    )
    parser.add_argument("--folder", help="of the temporary files")
    options = parser.parse_args()
    if not options.cifar10:
        sys.exit("skipped: GROUNDWORK_CIFAR10 names no folder with CIFAR-10 in Parquet")
    readers = [name for name in FORMATS if name not in options.without]
    repeats, memory_mb = 1, 4000.0
    if options.larger:
        readers = [name for name in readers if name not in [*IN_MEMORY, "image folder"]]
        memory_mb = options.budget_mb
        repeats = round(10 * options.budget_mb * 1e6 / (options.images * 3072))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        work = Path(folder)
        decode_cifar(Path(options.cifar10), work / "cifar.npz", options.images)
        pythons = {"mosaicml streaming": options.mosaic_python}
        for name in dict.fromkeys(FORMATS[reader] for reader in readers):
            (work / name).mkdir()
            python = pythons.get(name, sys.executable)
            run(python, "write", name, str(work / "cifar.npz"), str(work / name), str(repeats))
        results: dict[str, list[dict]] = {name: [] for name in readers}
        for _ in range(options.rounds):
            for name, found in results.items():
                if options.cold:
                    evict(work / FORMATS[name])
                arguments = (str(work / FORMATS[name]), str(options.epochs), str(memory_mb))
                python = pythons.get(name, sys.executable)
                found.append(json.loads(run(python, name, *arguments, str(MAX_SECONDS))))
        report(results, options.images * repeats, options.rounds)


def decode_cifar(source: Path, path: Path, num: int) -> None:
    tables = [pq.read_table(p, columns=["img", "label"]) for p in sorted(source.glob("train-*"))]
    rows = [row for table in tables for row in table.to_pylist()][:num]
    images = [np.asarray(Image.open(io.BytesIO(row["img"]["bytes"]))) for row in rows]
    np.savez(path, images=np.stack(images), labels=np.array([row["label"] for row in rows]))


def run(python: str, *arguments: str) -> str:
    done = subprocess.run([python, str(PEERS), *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed with status {done.returncode}")
    return done.stdout.splitlines()[-1] if done.stdout else ""


def evict(folder: Path) -> None:
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def report(results: dict[str, list[dict]], num: int, rounds: int) -> None:
    print(f"{num} images of 32 x 32 x 3, batches of 512, n = {rounds} processes each, in turn")
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores\n")
    print("images a second: first epoch, later epochs (median, range), of CPU; memory")
    ours = results["groundwork"]
    for name, found in results.items():
        first = [images / seconds for images, seconds, _ in (run["epochs"][0] for run in found)]
        later = [rate(run, 1) for run in found]
        cpu = [rate(run, 2) for run in found]
        ratios = [rate(mine, 2) / rate(run, 2) for mine, run in zip(ours, found, strict=True)]
        print(
            f"{name:24}{statistics.median(first):9,.0f} {statistics.median(later):9,.0f} "
            f"({min(later):,.0f} to {max(later):,.0f}), CPU {statistics.median(cpu):9,.0f}; "
            f"{max(run['more_mb'] for run in found):5.0f} MB; groundwork is "
            f"{statistics.median(ratios):.2f} times as fast by CPU "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )


def rate(run: dict, clock: int) -> float:
    """Images a second of all epochs after the first, by the wall's clock (1) or the CPU's (2)."""
    later = run["epochs"][1:] or run["epochs"]
    return sum(epoch[0] for epoch in later) / sum(epoch[clock] for epoch in later)


if __name__ == "__main__":
    main()
