"""Class folders of JPEGs to Parquet, with every check, beside Hugging Face `imagefolder`.

60,000 CIFAR-10 JPEGs are written into class folders. Then, in turn and in processes of their own,
`python -m pipeline.ingest` makes data/raw of them (decoded, measured, stripped of metadata,
hashed, split), and `datasets` makes Parquet of them (copied undecoded). Time is that of the whole
process, imports included, by the wall's clock and of CPUs, which other work disturbs less. Memory
is the peak of the process and its workers together (PSS);
`--tenfold` shows it for ten times the images. `--photos` measures 400 large ones instead.

    uv pip install -c requirements.txt ".[bench]"
    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/ingest.py [--rounds 3] [--tenfold | --photos]
"""

import argparse
import io
import os
import platform
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from PIL import Image
from results import Figure, middle_and_range, save, spread

COMMAND = "GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/ingest.py"
CHECKS = "decoded, checked, stripped, hashed, split"
ROOT = Path(__file__).resolve().parent.parent
HUGGING_FACE = """
import sys
from datasets import disable_progress_bars, load_dataset
disable_progress_bars()
folder, out, processes = sys.argv[1], sys.argv[2], int(sys.argv[3])
for split, part in load_dataset(
    "imagefolder", data_dir=folder, cache_dir=out + "/cache", num_proc=processes
).items():
    part.to_parquet(f"{out}/{split}.parquet")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", default=os.environ.get("GROUNDWORK_CIFAR10"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tenfold", action="store_true", help="also ingest 600,000 images")
    parser.add_argument("--photos", action="store_true", help="400 of 2000 x 1500, no others")
    options = parser.parse_args()
    if not options.cifar10:
        sys.exit("skipped: GROUNDWORK_CIFAR10 names no folder with CIFAR-10 in Parquet")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        clone = make_clone(work / "clone", work / "cifar")
        command = f"{COMMAND} --rounds {options.rounds}"
        if options.photos:
            num = write_photos(Path(options.cifar10), work / "cifar")
            what = f"{num:,} photos (2000 x 1500) the same way, seconds of CPU time"
            figures = [beside_hugging_face(work, clone, num, what, options.rounds, of_cpu=True)]
            save("ingest-photos", figures, f"{command} --photos")
            return
        num = write_class_folders(Path(options.cifar10), work / "cifar", copies=1)
        what = f"{num:,} small JPEGs (32 x 32) in class folders to Parquet, {CHECKS}"
        figures = [beside_hugging_face(work, clone, num, what, options.rounds)]
        if options.tenfold:
            num = write_class_folders(Path(options.cifar10), work / "cifar", copies=10)
            took, _, peak = timed("python -m pipeline.ingest", clone)
            print(f"groundwork, {num} images: {took:.1f} s, peak {peak:.0f} MB")
            ours = f"{took:.1f} s, {peak:.0f} MB"
            figures.append(Figure("data", f"{num:,} of them", ours, 1))
        save("ingest", figures, f"{command}{' --tenfold' * options.tenfold}")


def beside_hugging_face(
    work: Path, clone: Path, num: int, what: str, rounds: int, of_cpu: bool = False
) -> Figure:
    """Both make Parquet of the `num` images in work/cifar, in turn."""
    seconds: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}
    for _ in range(rounds):
        for name, command, place in (
            ("groundwork", "python -m pipeline.ingest", clone),
            ("hugging face, 1 process", hugging_face(work, 1), work),
            ("hugging face, 2 processes", hugging_face(work, 2), work),
        ):
            for kept in (work / "hf", clone / ".groundwork", clone / "data/raw"):
                shutil.rmtree(kept, ignore_errors=True)
            (work / "hf").mkdir()
            took, busy, peak = timed(command, place)
            seconds.setdefault(name, []).append(busy if of_cpu else took)
            peaks[name] = max(peak, peaks.get(name, 0.0))
    print(f"{what}, n = {rounds} each, in turn")
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores")
    for name, values in seconds.items():
        print(
            f"{name:26} median {statistics.median(values):6.2f} s "
            f"({min(values):.2f} to {max(values):.2f}), "
            f"{num / statistics.median(values):7.0f} images/s, peak {peaks[name]:.0f} MB"
        )
    best = min(list(seconds)[1:], key=lambda name: statistics.median(seconds[name]))
    ratios = [a / b for a, b in zip(seconds[best], seconds["groundwork"], strict=True)]
    print(f"{best} / groundwork: {spread(ratios)}")
    return Figure(
        "data",
        what,
        f"{spread(seconds['groundwork'], 2, ' s')}, {peaks['groundwork']:.0f} MB",
        rounds,
        f"Hugging Face `imagefolder` → Parquet, which copies them undecoded: "
        f"{statistics.median(seconds[best]):.1f} s, {peaks[best]:.0f} MB",
        middle_and_range(ratios),
    )


def write_class_folders(source: Path, folder: Path, copies: int) -> int:
    """Write `train/cat/00017-0.jpg` and so on; returns the number of files."""
    num = 0
    for split in ("train", "test"):
        for path in sorted(source.glob(f"{split}-*.parquet")):
            table = pq.read_table(path, columns=["img", "label"])
            for row in table.to_pylist():
                place = folder / split / f"class{row['label']}"
                place.mkdir(parents=True, exist_ok=True)
                for copy in range(copies):
                    (place / f"{num // copies:05d}-{copy}.jpg").write_bytes(row["img"]["bytes"])
                    num += 1
    return num


def write_photos(source: Path, folder: Path, num: int = 400) -> int:
    """Write photos of 2000 x 1500, each an enlarged image with the grain of a camera's sensor."""
    path = sorted(source.glob("test-*.parquet"))[0]
    random = np.random.default_rng(0)
    for number, row in enumerate(pq.read_table(path, columns=["img", "label"])[:num].to_pylist()):
        with Image.open(io.BytesIO(row["img"]["bytes"])) as small:
            photo = np.asarray(small.convert("RGB").resize((2000, 1500), Image.Resampling.BICUBIC))
        grain = random.normal(0, 4, photo.shape[:2])[..., None]
        place = folder / f"class{row['label']}"
        place.mkdir(parents=True, exist_ok=True)
        grainy = np.clip(photo + grain, 0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(place / f"{number:05d}.jpg", quality=90)
    return num


def make_clone(place: Path, data: Path) -> Path:
    run(f"git clone -q {shlex.quote(str(ROOT))} {place.name}", place.parent)
    (place / "data/catalog/cifar.yaml").write_text(f"uri: {data}\nlicense: LicenseRef-unknown\n")
    run("sed -i 's/^dataset: .*/dataset: cifar/' params.yaml", place)
    run("python -m pipeline.check", place)
    return place


def hugging_face(work: Path, processes: int) -> str:
    (work / "hf.py").write_text(HUGGING_FACE)
    return f"python hf.py cifar hf {processes}"


def timed(command: str, place: Path) -> tuple[float, float, float]:
    """Seconds by the wall's clock, those of CPUs, and the peak memory in MB, of a process and its
    children."""
    started, before = time.perf_counter(), cpu_seconds()
    process = subprocess.Popen(
        command, shell=True, cwd=place, env=environment(), stdout=subprocess.DEVNULL
    )
    peak = 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.2):
            peak = max(peak, memory_mb(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    took = time.perf_counter() - started
    done.set()
    watcher.join()
    if status:
        sys.exit(f"{command} failed with status {status}")
    return took, cpu_seconds() - before, peak


def cpu_seconds() -> float:
    """Seconds of CPUs that all ended processes took that this one started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and all below it: shared pages count once."""
    total, todo = 0.0, [pid]
    while todo:
        pid = todo.pop()
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) / 1000
            for task in Path(f"/proc/{pid}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it has ended
    return total


def run(command: str, place: Path) -> None:
    subprocess.run(command, shell=True, cwd=place, env=environment(), check=True)


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "HF_HUB_OFFLINE": "1"}


if __name__ == "__main__":
    main()
