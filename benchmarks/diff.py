"""Planted changes that `groundwork diff` finds, its time, and what rows of data cost in git.

    python benchmarks/diff.py

Plants changes of six kinds, swaps of labels with equal counts among them, in 60,000 rows, and
changes 100 of a million rows from one commit to the next. Where the data are at hand, before and
after, the command names the examples by their ids. Times are CPU seconds of a fresh process.
"""

import argparse
import csv
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pyarrow as pa
from results import Figure, save, spread

from pipeline.commands.diff.changes import KINDS, compare_rows
from pipeline.dataset.rows import PARTS_FOLDER, ROWS_FILE, row_keys, write_rows
from pipeline.dataset.table import write_index, write_part
from tests.support.image_schema import RAW_SCHEMA
from tests.support.many_examples import ABOUT, made_up
from tests.support.planted import Plan, many_rows, plant
from tests.support.repository import ROOT, Repository, environment
from tests.support.rows_repository import make_repository, put

SHARES = (0.001, 0.01, 0.1)
NUM_FILES = 3
ROWS = 60_000
NEW_IDS = 5_000_000
"""Where the numbers in the ids of added examples begin."""
DIFF = f"PYTHONPATH='{ROOT}' '{sys.executable}' -m pipeline.commands.diff HEAD~1 HEAD --csv"
INGEST = """
stages:
  ingest:
    cmd: "true"
    outs: [data/raw]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    found, planted, wrong = planted_changes(arguments.seeds)
    with tempfile.TemporaryDirectory() as folder:
        first, growth, times = in_git(Path(folder), arguments.rows, arguments.runs)
        named, meant, others = planted_by_id(Path(folder) / "named", arguments.seeds)
    rows = f"{arguments.rows:,} rows"
    figures = [
        Figure(
            "find",
            f"changes of six kinds planted in {ROWS:,} rows, {SHARES[0]:.1%} to "
            f"{SHARES[-1]:.0%} of them, found and named",
            f"{found:,} of {planted:,}, {wrong} others",
            arguments.seeds,
        ),
        Figure(
            "find",
            f"the same with the data at hand, {SHARES[1]:.0%} of the rows, named by id",
            f"{named:,} of {meant:,}, {others} others",
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
        before = many_rows(ROWS, seed)
        for share in SHARES:
            plan = plant(before, int(ROWS * share / 8), seed)
            changes = compare_rows(before, plan.rows)
            for kind in KINDS:
                named, meant = set(changes.keys(kind)), plan.keys.get(kind, set())
                found += len(named & meant)
                planted += len(meant)
                wrong += len(named - meant)
    return found, planted, wrong


def planted_by_id(folder: Path, seeds: int) -> tuple[int, int, int]:
    """The same, of what `groundwork diff --csv` prints, where DVC has data/raw of both versions."""
    repository = make_repository(folder)
    (folder / "dvc.yaml").write_text(INGEST)
    repository.run("dvc init -q")
    found = planted = wrong = 0
    for seed in range(seeds):
        ids = [f"shots/{number:07d}.jpg" for number in range(ROWS)]
        before = many_rows(ROWS, seed)
        before = with_keys(before, dict(zip(before["key"].to_pylist(), row_keys(ids), strict=True)))
        plan = plant(before, int(ROWS * SHARES[1] / 8), seed)
        new = [f"shots/{NEW_IDS + n:07d}.jpg" for n in range(len(plan.keys["added"]))]
        names = dict(zip(sorted(plan.keys["added"]), row_keys(new), strict=True))
        plan = Plan(with_keys(plan.rows, names), plan.keys | {"added": set(names.values())})
        put_data(repository, made_up(ROWS), before, f"before, seed {seed}")
        gone = set(plan.keys["removed"])
        kept = pa.array([key not in gone for key in row_keys(ids)])
        raw = pa.concat_tables([made_up(ROWS).filter(kept), made_up(len(new), start=NEW_IDS)])
        put_data(repository, raw, plan.rows, f"after, seed {seed}")
        printed = repository.run(DIFF)
        id_of = dict(zip(row_keys([*ids, *new]), [*ids, *new], strict=True))
        meant = {(kind, id_of[key]) for kind, keys in plan.keys.items() for key in keys}
        named = {(line["kind"], line["id"]) for line in csv.DictReader(printed.splitlines())}
        found, planted = found + len(named & meant), planted + len(meant)
        wrong += len(named - meant)
    return found, planted, wrong


def with_keys(rows: pa.Table, names: dict[str, str]) -> pa.Table:
    """Rows with other keys, where `names` has one, sorted by them."""
    keys = [names.get(key, key) for key in rows["key"].to_pylist()]
    return rows.set_column(0, "key", pa.array(keys, pa.string())).sort_by("key")


def put_data(repository: Repository, raw: pa.Table, rows: pa.Table, message: str) -> None:
    """Commit data/raw, as DVC keeps it, with the rows that git has of it."""
    folder = repository.path / "data/raw"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = [write_part(folder, 0, raw)]
    write_index(folder, files, RAW_SCHEMA, **ABOUT, counts={"examples": raw.num_rows}, pool=[])
    repository.run("dvc commit -q -f ingest")
    put(repository, rows, message)


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
