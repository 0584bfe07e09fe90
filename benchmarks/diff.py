"""Planted changes that `groundwork diff` finds, its time, and what rows of data cost in git.

    python benchmarks/diff.py

Plants changes of six kinds, swaps of labels with equal counts among them, in 60,000 rows, and
changes 100 of a million rows from one commit to the next. Times are CPU seconds of a fresh process.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from results import Figure, save, spread

from pipeline.commands.diff.changes import KINDS, compare_rows
from pipeline.dataset.rows import PARTS_FOLDER, ROWS_FILE, write_rows
from tests.support.planted import many_rows, plant
from tests.support.repository import ROOT, Repository, environment

SHARES = (0.001, 0.01, 0.1)
NUM_FILES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    found, planted, wrong = planted_changes(arguments.seeds)
    with tempfile.TemporaryDirectory() as folder:
        first, growth, times = in_git(Path(folder), arguments.rows, arguments.runs)
    rows = f"{arguments.rows:,} rows"
    figures = [
        Figure(
            "find",
            f"changes of six kinds planted in 60,000 rows, {SHARES[0]:.1%} to {SHARES[-1]:.0%} of "
            "them, found and named",
            f"{found:,} of {planted:,}, {wrong} others",
            arguments.seeds,
        ),
        Figure(
            "find",
            f"`groundwork diff` of two commits of {rows}, 100 of them changed, from git alone",
            f"{spread(times, 2, ' s')} of CPU time, at most 3 s",
            arguments.runs,
        ),
        Figure(
            "find", f"{rows} in git, the first commit", f"{first / 1e6:.1f} MB, at most 14 MB", 1
        ),
        Figure(
            "find",
            f"each further commit with 100 of {rows} changed",
            f"{growth / 1e3:.1f} KB, at most 5 KB",
            NUM_FILES,
        ),
    ]
    for figure in figures:
        print(f"{figure.what}: {figure.ours}")
    save("diff", figures, "python benchmarks/diff.py")


def planted_changes(seeds: int) -> tuple[int, int, int]:
    """How many planted changes were found, were planted, and were found where none is."""
    found = planted = wrong = 0
    for seed in range(seeds):
        before = many_rows(60_000, seed)
        for share in SHARES:
            plan = plant(before, int(60_000 * share / 8), seed)
            changes = compare_rows(before, plan.rows)
            for kind in KINDS:
                named, meant = set(changes.keys(kind)), plan.keys.get(kind, set())
                found += len(named & meant)
                planted += len(meant)
                wrong += len(named - meant)
    return found, planted, wrong


def in_git(folder: Path, num: int, runs: int) -> tuple[int, float, list[float]]:
    """Bytes of a first commit, of each further one, and CPU seconds of `groundwork diff`."""
    repository = Repository(folder)
    (folder / "params.yaml").write_text("dataset: many\n")
    (folder / "reports/data").mkdir(parents=True)
    repository.run("git init -q -b main")
    rows = many_rows(num)
    sizes = []
    for number in range(NUM_FILES + 1):
        write_rows(folder / ROWS_FILE, folder / PARTS_FOLDER, rows)
        repository.commit(f"number {number}")
        repository.run("git gc -q --prune=now")
        sizes.append(sum(p.stat().st_size for p in (folder / ".git/objects").rglob("*.pack")))
        rows = plant(rows, 14, number).rows  # 98 of seven kinds: two labels for each swap
    times = [cpu_seconds(folder) for _ in range(runs)]
    return sizes[0], (sizes[-1] - sizes[0]) / NUM_FILES, times


def cpu_seconds(folder: Path) -> float:
    """Of `groundwork diff HEAD~1 HEAD` in a fresh process, git's among them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pipeline.commands.diff", "HEAD~1", "HEAD"],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
