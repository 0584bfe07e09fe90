"""What each stage costs in two working trees: CPU seconds and peak memory, in turn.

Both trees must have been built (`dvc repro`) on the same data. A round runs every stage of one
tree, then of the other, each from nothing kept; which tree comes first changes from round to round.

    python benchmarks/stage_costs.py OLD NEW [--rounds 5] [--stages ingest clean]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", type=Path, nargs=2, metavar="TREE")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stages", nargs="*", help="default: all of each tree")
    arguments = parser.parse_args()
    costs: dict[tuple[Path, str], list[tuple[float, float]]] = {}
    for number in range(arguments.rounds):
        for tree in arguments.trees[:: 1 if number % 2 else -1]:
            shutil.rmtree(tree / ".groundwork", ignore_errors=True)
            for stage in arguments.stages or stages_of(tree):
                if stage in stages_of(tree):
                    costs.setdefault((tree, stage), []).append(cost(tree, stage))
    old, new = arguments.trees
    print(f"n = {arguments.rounds}; median (least to most)")
    print(f"{'stage':10} {'CPU s':>34} {'ratio':>20} {'peak MB':>34} {'ratio':>6}")
    for stage in dict.fromkeys(stage for _, stage in costs):
        rows = [costs.get((tree, stage), []) for tree in (old, new)]
        cells = [" ".join(shown([row[i] for row in r]) for r in rows) for i in (0, 1)]
        ratio, memory = "", ""
        if all(rows):
            pairs = [n[0] / o[0] for o, n in zip(*rows, strict=True)]
            ratio = shown(pairs, 2)
            memory = f"{middle([r[1] for r in rows[1]]) / middle([r[1] for r in rows[0]]):.2f}"
        print(f"{stage:10} {cells[0]:>34} {ratio:>20} {cells[1]:>34} {memory:>6}")


def stages_of(tree: Path) -> list[str]:
    return list(YAML(typ="safe").load((tree / "dvc.yaml").read_text())["stages"])


def cost(tree: Path, stage: str) -> tuple[float, float]:
    """CPU seconds of all processes of a stage, and the largest resident memory of one, in MB."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"pipeline.{stage}"],
        cwd=tree,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"GROUNDWORK_WORKERS": "1"},
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{stage} of {tree} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def middle(values: list[float]) -> float:
    return statistics.median(values)


def shown(values: list[float], digits: int = 1) -> str:
    if not values:
        return "-"
    low, high = min(values), max(values)
    return f"{middle(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


if __name__ == "__main__":
    main()
