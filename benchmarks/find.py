"""How long `groundwork find` takes among a million examples, and how much memory.

    python benchmarks/find.py

Each condition is asked of made-up data of a million examples in a fresh process, start-up and all.
The nearest by embedding are found among a million vectors of 64 numbers.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from results import Figure, save, spread

from pipeline.commands.find.vectors import keep_vectors
from tests.support.many_examples import write_many
from tests.support.repository import ROOT, environment

CONDITIONS = (
    "label = 'class 3' and sharpness < 0.001",
    "label = 'class 3' and sharpness < 0.01 order by sharpness",
    "id = 'shots/0777777.jpg'",
    "id like '%777%'",
    "bit_count(xor(dhash, 12345678901::ubigint)) < 20",
    "predicted != label and confidence > 0.18",
    "suspected and split = 'train' and label != label_given",
    "reason = 'duplicate'",
    "brightness between 0.4 and 0.6 and source = '../north'",
    "sha256 in (select sha256 from examples group by 1 having count(*) > 1)",
)
FIND = """
import runpy
try:
    runpy.run_module("pipeline.commands.find", run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
"""
NEAREST = """
import time
from pipeline.commands.find.vectors import read_vectors
begin = time.process_time()
vectors = read_vectors("many")
found = vectors.nearest(vectors.of("shots/0777777.jpg"), 20)
assert found[0][0] == "shots/0777777.jpg"
print(time.process_time() - begin)
"""
# Not ru_maxrss, which a process inherits from the one that started it.
PEAK = """
from pathlib import Path
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line for line in lines if line.startswith("VmHWM")).split()[1])
"""


class Run(NamedTuple):
    wall: float
    """Seconds."""
    cpu: float
    megabytes: float
    output: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_many(folder, arguments.examples, 100)
        for file in ("params.yaml", "dvc.yaml"):
            shutil.copy(ROOT / file, folder)
        asked = [
            run(folder, FIND, *as_arguments(condition))
            for condition in CONDITIONS
            for _ in range(arguments.runs)
        ]
        os.chdir(folder)
        keep(arguments.examples)
        nearest = [run(folder, NEAREST) for _ in range(arguments.runs)]
    many = f"{arguments.examples:,} examples"
    figures = [
        Figure(
            "find",
            f"`groundwork find`, {len(CONDITIONS)} conditions on {many}, start-up and all",
            f"{spread([r.cpu for r in asked], 2, ' s')} of CPU time, at most 1 s; "
            f"{max(r.megabytes for r in asked):.0f} MB, at most 400 MB",
            arguments.runs,
        ),
        Figure(
            "find",
            f"the 20 nearest of {many} by 64 numbers each, exact",
            f"{spread([float(r.output) for r in nearest], 2, ' s')} of CPU time, at most 0.5 s; "
            f"{max(r.megabytes for r in nearest):.0f} MB",
            arguments.runs,
        ),
    ]
    for figure in figures:
        print(f"{figure.what}: {figure.ours}")
    save("find", figures, "python benchmarks/find.py")


def as_arguments(condition: str) -> list[str]:
    condition, _, column = condition.partition(" order by ")
    return [condition, *(["--sort", column] if column else [])]


def keep(num: int) -> None:
    """Keep made-up vectors of so many examples."""
    random = np.random.default_rng(0)
    ids = [f"shots/{number:07d}.jpg" for number in range(num)]
    step = 50_000
    batches = (
        (ids[at : at + step], random.normal(size=(len(ids[at : at + step]), 64)).astype(np.float32))
        for at in range(0, num, step)
    )
    keep_vectors("many", num, batches, is_direction=True)


def run(folder: Path, code: str, *arguments: str) -> Run:
    """Code in a fresh Python, in a folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    output = subprocess.run(
        [sys.executable, "-c", code + PEAK, *arguments],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    *lines, kilobytes = output.splitlines()
    return Run(wall, cpu, int(kilobytes) / 1000, lines[0])


if __name__ == "__main__":
    main()
