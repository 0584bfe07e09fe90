"""Do 90 % intervals hold 90 % of what was not seen?

Diabetes, 20 splits for each network; white wine for those that fit themselves. As the stages do
it: the width is a quantile of the errors on validation, by which the network was chosen too.

    GROUNDWORK_TABLES=/data python benchmarks/table_intervals.py [--splits 20]

GROUNDWORK_TABLES is the folder of table_data.py.
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from results import Figure, save
from table_data import TABLES, split
from table_networks import InMemoryReader, ours

from pipeline.targets.numbers.measures.conformal import LEVEL, half_width

MEASURED = {"diabetes": ("linear", "trees", "tabm"), "wine": ("linear", "trees")}
FIRST = 20
"""The first seed; those below were looked at before."""
RANGE = (0.88, 0.92)


def coverage(table_name: str, seed: int) -> dict[str, float]:
    """The share of test that is within the intervals of each network."""
    table = TABLES[table_name](seed)
    splits = split(len(table.y), seed)
    mean, std = table.y[splits.train].mean(), table.y[splits.train].std()
    y = (table.y - mean) / std
    reader = InMemoryReader(table, splits, y.astype(np.float32))
    found = {}
    for name in MEASURED[table_name]:
        answered = ours(name, reader, 1, "numbers", seed, {})
        half = half_width(y[splits.val] - answered.val[:, 0])
        found[name] = float((np.abs(y[splits.test] - answered.test[:, 0]) <= half).mean())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    figures = []
    for table_name, names in MEASURED.items():
        runs = [coverage(table_name, FIRST + seed) for seed in range(options.splits)]
        for name in names:
            shares = [run[name] for run in runs]
            mean, error = statistics.mean(shares), np.std(shares) / np.sqrt(len(shares))
            print(f"{table_name}, {name}: {mean:.3f}, standard error {error:.3f}", flush=True)
            figures.append(
                Figure(
                    "train",
                    f"{LEVEL:.0%} intervals of `{name}` on {table_name}, mean coverage",
                    f"{mean:.3f} (standard error {error:.3f})",
                    len(runs),
                    f"{RANGE[0]} to {RANGE[1]}",
                )
            )
    command = (
        f"GROUNDWORK_TABLES=DIR python benchmarks/table_intervals.py --splits {options.splits}"
    )
    save("table_intervals", figures, command)


if __name__ == "__main__":
    main()
