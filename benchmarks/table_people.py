"""How much does a split that forgets people flatter a model? Parkinson's voices, by person.

195 recordings of 32 people, six or seven each. Folds of whole people, and folds of recordings, in
which the same person is on both sides; the accuracy over all recordings, each predicted by a model
of the other folds. `majority` says that everybody is ill.

    GROUNDWORK_TABLES=/data python benchmarks/table_people.py [--seeds 5]

GROUNDWORK_TABLES is the folder of table_data.py.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from results import Figure, save, spread
from sklearn.metrics import roc_auc_score
from table_data import Splits, Table, folder
from table_networks import InMemoryReader, ours

FOLDS = 5
NAMES = ("linear", "trees", "tabm")


class Recordings(NamedTuple):
    """N recordings."""

    table: Table
    people: NDArray[np.object_]


def read() -> Recordings:
    path = folder() / "parkinsons/parkinsons.data"
    lines = path.read_text().splitlines()
    header = next(number for number, line in enumerate(lines) if line.startswith("name,"))
    frame = pd.read_csv(path, skiprows=header)
    people = frame.pop("name").str.rsplit("_", n=1).str[0].to_numpy(object)
    labels = frame.pop("status").to_numpy(np.int64)
    return Recordings(Table(frame, labels), people)


def folds_of(owners: Sequence[object], seed: int) -> NDArray[np.int64]:
    """The fold of each recording: owners in a random order, dealt to the folds in turn."""
    names, owner = np.unique([str(name) for name in owners], return_inverse=True)
    places = np.random.default_rng(seed).permutation(len(names))
    return np.asarray(places % FOLDS)[owner]


def scores(name: str, recordings: Recordings, owners: Sequence[object], seed: int) -> dict:
    """Accuracy and AUC over all folds; the fold after the one that is tested is validation."""
    table, folds = recordings.table, folds_of(owners, seed)
    chances = np.zeros(len(table.y))
    for fold in range(FOLDS):
        is_test, is_val = folds == fold, folds == (fold + 1) % FOLDS
        splits = Splits(*(np.flatnonzero(m) for m in (~is_test & ~is_val, is_val, is_test)))
        reader = InMemoryReader(table, splits, table.y.astype(np.int32))
        answered = ours(name, reader, 2, "classes", seed, {}).test
        chances[is_test] = answered[:, 1] - answered[:, 0]
    return {
        "accuracy": float(((chances > 0) == table.y).mean()),
        "auc": float(roc_auc_score(table.y, chances)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    recordings = read()
    majority = float(recordings.table.y.mean())
    print(f"{len(recordings.people)} recordings, {len(set(recordings.people))} people, ", end="")
    print(f"majority {majority:.3f}")
    figures = []
    by_kind = {"person": recordings.people, "recording": range(len(recordings.people))}
    for kind, owners in by_kind.items():
        for name in NAMES:
            runs = [scores(name, recordings, owners, seed) for seed in range(options.seeds)]
            right = [run["accuracy"] for run in runs]
            aucs = [run["auc"] for run in runs]
            means = f"accuracy {statistics.mean(right):.3f}, AUC {statistics.mean(aucs):.3f}"
            print(f"{name} by {kind}: {means} ({spread(right, 3)})", flush=True)
            figures.append(
                Figure(
                    "train",
                    f"Parkinson's voices by {kind}, accuracy of `{name}`",
                    spread(right, 3),
                    len(runs),
                    f"majority: {majority:.3f}",
                )
            )
    command = f"GROUNDWORK_TABLES=DIR python benchmarks/table_people.py --seeds {options.seeds}"
    save("table_people", figures, command)


if __name__ == "__main__":
    main()
