"""Memory and time of each stage for a table of many rows.

A clone of this repository takes a table of 30 columns through all stages: 20 numbers, of which one
in twenty is missing, 10 categories, and a label that follows from some of both. Memory is the peak
of a stage and its processes together (PSS, so that shared pages count once). Twice the rows tell
whether the time of a row stays the same.

    python benchmarks/table_scale.py [--rows 1000000] [--network trees] [--folder DIR]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import psutil
from results import Figure, save
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
NUMBERS, CATEGORIES = 20, 10
MOST_GB = 4.0
BLOCK = 100_000
INTERVAL_SECONDS = 0.3


class Cost(NamedTuple):
    seconds: float
    """Of the clock."""
    cpu_seconds: float
    peak_gb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--network", default="trees")
    parser.add_argument("--folder", type=Path, help="for the clone; default is a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        write_table(Path(folder) / "many.csv", options.rows)
        write_settings(clone, options.network)
        costs = {}
        for stage in YAML(typ="safe").load((clone / "dvc.yaml").read_text())["stages"]:
            costs[stage] = cost = measure(stage, clone)
            print(
                f"{stage:9} {cost.seconds:7.1f} s, {cost.cpu_seconds:7.1f} s of CPU, "
                f"{cost.peak_gb:5.2f} GB",
                flush=True,
            )
    name, peak = max(((n, cost.peak_gb) for n, cost in costs.items()), key=lambda pair: pair[1])
    cpu = sum(cost.cpu_seconds for cost in costs.values())
    each = cpu / options.rows * 1e6
    print(f"{options.rows:,} rows: at most {peak:.2f} GB ({name}); {each:.0f} µs of CPU a row")
    what = f"{options.rows:,} rows of {NUMBERS + CATEGORIES} columns, all stages"
    figures = [
        Figure(
            "pipeline",
            f"{what}: peak memory",
            f"{peak:.2f} GB ({name})",
            1,
            f"a limit of {MOST_GB:g} GB",
            [MOST_GB / peak] * 3,
        ),
        Figure("pipeline", f"{what}: CPU time of a row", f"{each:.0f} µs", 1),
    ]
    command = f"python benchmarks/table_scale.py --rows {options.rows} --network {options.network}"
    save(f"table_scale-{options.rows}", figures, command)


def write_table(path: Path, num_rows: int) -> None:
    """Write a CSV in blocks, each by a generator of its own."""
    for start in range(0, num_rows, BLOCK):
        random = np.random.default_rng(start)
        num = min(BLOCK, num_rows - start)
        numbers = random.normal(size=(num, NUMBERS)).round(4)
        codes = random.integers(0, np.arange(3, 3 + CATEGORIES), (num, CATEGORIES))
        score = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + (codes[:, 0] == 1)
        columns: dict[str, object] = {"id": np.arange(start, start + num)}
        for place in range(NUMBERS):
            is_there = random.random(num) > 0.05
            columns[f"number {place}"] = np.where(is_there, numbers[:, place], np.nan)
        for place in range(CATEGORIES):
            names = np.array([f"value {code}" for code in range(3 + CATEGORIES)])
            columns[f"category {place}"] = names[codes[:, place]]
        columns["outcome"] = np.where(score + random.normal(size=num) > 0.5, "yes", "no")
        mode = "w" if start == 0 else "a"
        pd.DataFrame(columns).to_csv(path, index=False, header=start == 0, mode=mode)


def write_settings(clone: Path, network: str) -> None:
    """Write the entry, and params.yaml from the recipe of many rows."""
    (clone / "data/catalog/many.yaml").write_text(
        "uri: ../many.csv\nlicense: CC0-1.0\nmodality: tables\ntarget: classes\n"
        "columns: {id: id, label: outcome}\nsplit: {val: 0.1, test: 0.1}\n"
    )
    yaml = YAML()
    params = yaml.load((clone / "recipes/tables-classes-many_rows.yaml").read_text())
    params |= {"dataset": "many", "model": network}
    params["ingest"]["max_file_mb"] = 4096
    with (clone / "params.yaml").open("w") as file:
        yaml.dump(params, file)


def measure(stage: str, clone: Path) -> Cost:
    started, before = time.perf_counter(), os.times()
    process = subprocess.Popen([sys.executable, "-m", f"pipeline.{stage}"], cwd=clone)
    peak, whole = 0, psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, memory_of(whole))
        time.sleep(INTERVAL_SECONDS)
    if process.returncode:
        sys.exit(f"{stage} failed")
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Cost(time.perf_counter() - started, cpu, peak / 1e9)


def memory_of(process: psutil.Process) -> int:
    """Bytes of a process and those that it started (PSS)."""
    total = 0
    with suppress(psutil.Error):
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                total += each.memory_full_info().pss
    return total


if __name__ == "__main__":
    main()
