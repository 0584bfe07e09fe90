"""What the pipeline costs when nothing changed, beside DVC alone.

Two repositories side by side: this one, and one with as many stages that do nothing. Both are
built once; then `dvc repro`, which has nothing to do, is timed in turn in each.

    python benchmarks/repro.py [--rounds 10]
"""

import argparse
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from results import Figure, middle_and_range, save, spread
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
STAGES = list(YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        ours, toy = Path(folder) / "ours", Path(folder) / "toy"
        run(f"git clone -q {shlex.quote(str(ROOT))} ours", Path(folder))
        run("dvc repro -q --force", ours)
        make_toy(toy)
        times: dict[str, list[float]] = {"ours": [], "toy": []}
        for _ in range(rounds):
            for name, place in (("ours", ours), ("toy", toy)):
                started = time.perf_counter()
                run("dvc repro -q", place)
                times[name].append(time.perf_counter() - started)
    print(f"no-op dvc repro, {len(STAGES)} stages, n = {rounds} each, in turn")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    for name, values in times.items():
        low, high = min(values), max(values)
        print(f"{name:5} median {statistics.median(values):.2f} s ({low:.2f} to {high:.2f})")
    ratios = sorted(a / b for a, b in zip(times["ours"], times["toy"], strict=True))
    middle = statistics.median(ratios)
    print(f"ours / toy: median {middle:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    figure = Figure(
        "pipeline",
        "`dvc repro` with nothing to do",
        spread(times["ours"], 2, " s"),
        rounds,
        f"DVC alone with {len(STAGES)} stages that do nothing: "
        f"{statistics.median(times['toy']):.2f} s",
        middle_and_range([1 / ratio for ratio in ratios]),
    )
    save("repro", [figure], f"python benchmarks/repro.py --rounds {rounds}")


def make_toy(place: Path) -> None:
    place.mkdir()
    lines, before = ["stages:"], "params.yaml"
    for stage in STAGES:
        lines += [f"  {stage}:", f"    cmd: cp {before} {stage}.out"]
        lines += ["    deps:", f"    - {before}", "    outs:", f"    - {stage}.out"]
        before = f"{stage}.out"
    (place / "dvc.yaml").write_text("\n".join(lines) + "\n")
    (place / "params.yaml").write_text("lr: 0.001\n")
    run("git init -q && dvc init -q && dvc repro -q", place)


def run(command: str, place: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, shell=True, cwd=place, env=os.environ | {"PATH": path}, check=True)


if __name__ == "__main__":
    main()
