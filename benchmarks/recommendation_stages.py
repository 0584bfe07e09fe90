"""What does each stage cost with a million events? CPU seconds, and memory of all its processes.

    python benchmarks/recommendation_stages.py [--events 1000000]

Events of 50,000 users and 20,000 items, as recommendation.py generates them, with random times of
two years, go through `dvc repro` in a clone of the last commit, stage by stage, with the recipe
interactions-ranking-many_items. Memory is the largest sum over the processes of a stage, shared
pages divided among them (PSS), looked at twice a second.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.csv
from recommendation import generated
from results import Figure, save
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
NUM_USERS, NUM_ITEMS = 50_000, 20_000
START, TWO_YEARS = 1_600_000_000, 2 * 365 * 86400
LIMIT = 6.0  # GB
EVERY = 0.5  # seconds
ENTRY = """\
uri: {events}
license: CC0-1.0
modality: interactions
target: ranking
columns: {{user: user, item: item, time: time}}
split: {{by: last}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        write_events(clone.parent / "events.csv", arguments.events)
        entry = ENTRY.format(events=clone.parent / "events.csv")
        (clone / "data/catalog/many.yaml").write_text(entry)
        use = ["groundwork", "use", "many", "--recipe", "interactions-ranking-many_items"]
        subprocess.run(use, cwd=clone, check=True)
        figures = []
        for stage in YAML(typ="safe").load((clone / "dvc.yaml").read_text())["stages"]:
            cpu, wall, peak = cost(clone, stage)
            print(f"{stage:9} {cpu:6.0f} CPU s {wall:6.0f} s {peak:5.2f} GB", flush=True)
            ratio = LIMIT / peak
            what = f"{stage} of {arguments.events:,} events: peak memory"
            ours = f"{peak:.2f} GB in {cpu:.0f} CPU s"
            figures.append(Figure("pipeline", what, ours, 1, "limit 6 GB", (ratio, ratio, ratio)))
    if arguments.events == 1_000_000:
        save("recommendation-stages", figures, "python benchmarks/recommendation_stages.py")


def write_events(path: Path, num: int) -> None:
    table, _ = generated(num, NUM_USERS, NUM_ITEMS)
    times = START + np.random.default_rng(1).integers(0, TWO_YEARS, table.num_rows)
    events = pa.table({"user": table["group"], "item": table["label"], "time": times})
    pyarrow.csv.write_csv(events, path)


def cost(clone: Path, stage: str) -> tuple[float, float, float]:
    """CPU and wall seconds of a stage, and its peak memory in GB."""
    started = time.monotonic()
    command = [sys.executable, "-m", "dvc", "repro", "--single-item", stage]
    process = psutil.Popen(command, cwd=clone, stdout=subprocess.DEVNULL)
    peak, has_ended = 0.0, False
    while not has_ended:
        peak = max(peak, memory_of(process))
        time.sleep(EVERY)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        has_ended = pid != 0
    if status:
        sys.exit(f"{stage} failed")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started, peak


def memory_of(process: psutil.Process) -> float:
    """Of a process and all below it, GB."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue  # it has just ended
    return total / 1e9


if __name__ == "__main__":
    main()
