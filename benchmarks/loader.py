"""Shuffled training batches from disk, in one process and thread, beside other loaders.

The CIFAR-10 training images, decoded, are written in the format of each loader (ImageFolder:
as JPEGs, which it decodes). Then, in turn and in processes of their own, each gives shuffled
batches of 512 for several epochs. The first has all preparation in it: opening, verifying digests,
reading into memory. `gather` and `memcpy` are limits: batches of images that are in memory.

`--larger` makes data of ten times a memory budget out of copies of the images, and streams it.
Peers are stopped after MAX_SECONDS of an epoch. Files are in the page cache, for all alike; with
`--cold` they are not when the first epoch begins, which is then the only one.

Time is also given in seconds of CPU, which other work on the machine changes least. Memory is
the peak resident set above that of the process with everything imported; it has the pages of a
memory-mapped file in it. `disk` is what was read from there and not from the page cache.

    uv pip install -c requirements.txt ".[bench]"
    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/loader.py [--rounds 3] [--larger] [--cold]
"""

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow.parquet as pq
from PIL import Image
from results import Figure, middle_and_range, save, spread

PEERS = Path(__file__).resolve().with_name("loader_peers.py")
MAX_SECONDS = 30
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
COLUMNS = [(1, False), (1, True), (2, True)]  # which clock, and whether of the later epochs


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
    epochs = 1 if options.cold else options.epochs  # a second one would find the page cache warm
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
                (evict if options.cold else warm)(work / FORMATS[name])
                arguments = (str(work / FORMATS[name]), str(epochs), str(memory_mb))
                python = pythons.get(name, sys.executable)
                found.append(json.loads(run(python, name, *arguments, str(MAX_SECONDS))))
        budget_mb = options.budget_mb if options.larger else None
        report(results, options.images * repeats, budget_mb)


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
    """Drop the files from the page cache, which takes no root."""
    os.sync()  # what is not written yet stays
    for path in files_of(folder):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def warm(folder: Path) -> None:
    """Read the files into the page cache, from which others may have driven them."""
    for path in files_of(folder):
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def report(results: dict[str, list[dict]], num: int, budget_mb: float | None) -> None:
    rounds = len(results["groundwork"])
    print(f"{num} images of 32 x 32 x 3, batches of 512, n = {rounds} processes each, in turn")
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores\n")
    print(
        f"{'images a second':24}{'first epoch':>12}{'later':>12}{'of CPU':>12}"
        f"{'memory':>9}{'disk':>10}   times as fast is groundwork, by the wall; by CPU"
    )
    for name, found in results.items():
        rates = [median(rate(run, clock, later) for run in found) for clock, later in COLUMNS]
        print(
            f"{name:24}{rates[0]:12,.0f}{rates[1]:12,.0f}{rates[2]:12,.0f}"
            f"{max(run['more_mb'] for run in found):6,.0f} MB"
            f"{max(run['read_mb'] for run in found):7,.0f} MB   "
            + "; ".join(times_as_fast(results["groundwork"], found, clock) for clock in (1, 2))
        )
    record(results, num, budget_mb, rounds)
    if budget_mb is not None:
        shares = [run["more_mb"] / budget_mb for run in results["groundwork"]]
        print(f"\ngroundwork's memory is {max(shares):.2f} times the budget of {budget_mb:g} MB")


def record(results: dict[str, list[dict]], num: int, budget_mb: float | None, rounds: int) -> None:
    """Leave ours beside the best peer, and beside the limit, for `make figures`."""
    ours = results["groundwork"]
    limits = ("gather from memory", "memcpy")
    peers = [name for name in results if name not in ("groundwork", *limits)]
    where = "all in memory" if budget_mb is None else f"with {budget_mb:g} MB of memory"
    figures = []
    for kind, names in (("the best peer", peers), ("the limit", limits[:1])):
        found = {
            name: median(rate(run, 2, True) for run in results[name])
            for name in names
            if name in results
        }
        if not found:
            continue
        best = max(found, key=lambda name: found[name])
        pairs = zip(ours, results[best], strict=True)
        ratios = [rate(mine, 2, True) / rate(other, 2, True) for mine, other in pairs]
        figures.append(
            Figure(
                "load",
                f"shuffled batches of {num:,} small images, {where}, by CPU time",
                spread([rate(run, 2, True) for run in ours], 0, " images/s"),
                rounds,
                f"{best}, {kind}: {found[best]:,.0f}",
                middle_and_range(ratios),
            )
        )
    name, option = ("loader", "") if budget_mb is None else ("loader-larger", " --larger")
    save(name, figures, f"python benchmarks/loader.py{option} --rounds {rounds}")


def times_as_fast(ours: list[dict], theirs: list[dict], clock: int) -> str:
    pairs = zip(ours, theirs, strict=True)
    found = [rate(mine, clock, True) / rate(other, clock, True) for mine, other in pairs]
    return f"{median(found):.2f} ({min(found):.2f} to {max(found):.2f})"


def rate(run: dict, clock: int, later: bool) -> float:
    """Images a second of the first epoch or of all others, by the wall's clock (1) or CPU's (2)."""
    epochs = (run["epochs"][1:] if later else run["epochs"][:1]) or run["epochs"]
    return sum(epoch[0] for epoch in epochs) / sum(epoch[clock] for epoch in epochs)


if __name__ == "__main__":
    main()
