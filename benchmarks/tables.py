"""How good are the networks for tables, beside scikit-learn's on the same rows?

Small records (breast cancer, heart disease of one and of four hospitals, German credit), 5,000 rows
of adult and of credit default, and numbers (diabetes, wine quality). Each seed draws its own 20 %
of test and 15 % of the rest of validation, by which both sides choose: epochs, penalties, sizes of
trees. Beside ours, in the same run: a linear model of scikit-learn, its penalty chosen, and
HistGradientBoosting, its leaves and learning rate chosen; LightGBM and CatBoost where they are
installed.

    GROUNDWORK_TABLES=/data python benchmarks/tables.py [--seeds 3] [--only NAME ...] [--peers]

GROUNDWORK_TABLES is the folder of table_data.py; without it scikit-learn's own tables are measured
alone. `--peers` runs LightGBM and CatBoost alone, on the same rows.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from numpy.typing import NDArray
from results import Figure, save, spread
from sklearn.metrics import roc_auc_score
from table_data import TABLES, Splits, Table, split
from table_networks import RECIPE, Answered, InMemoryReader, ours
from table_peers import peers

from pipeline.modalities.tables.network.interface import TRIED
from pipeline.targets.classes.measures.metrics import calibration, fit_temperature, softmax
from pipeline.train.choosing import choose

LARGE = ("adult", "credit")
NUMBERS = ("diabetes", "wine")
MOST_UNCALIBRATED = 0.05
OURS = ("linear", "mlp", "tabm", "trees")
OTHERS = {"lightgbm": "LightGBM", "catboost": "CatBoost"}


def quality(table: Table, splits: Splits, answers: NDArray) -> float:
    """AUC, or the root mean squared error."""
    y = table.y[splits.test]
    if table.is_classified:
        return float(roc_auc_score(y, answers))
    return float(np.sqrt(((y - answers) ** 2).mean()))


def measure_others(name: str, seed: int) -> dict[str, float]:
    """Quality of each of OTHERS that is installed."""
    table = TABLES[name](seed)
    splits = split(len(table.y), seed)
    results = {
        n: quality(table, splits, found) for n, found in peers(table, splits, OTHERS).items()
    }
    print(
        f"{name} seed {seed}: " + ", ".join(f"{n} {v:.4f}" for n, v in results.items()), flush=True
    )
    return results


def measure(name: str, seed: int, changes: dict[str, Any]) -> dict[str, float]:
    """Quality of each model by its name, and which one `auto` chose."""
    table = TABLES[name](seed)
    splits = split(len(table.y), seed)
    of_train = table.y[splits.train].astype(np.float64)
    mean, std = (0.0, 1.0) if table.is_classified else (of_train.mean(), of_train.std())
    y = table.y.astype(np.int32) if table.is_classified else (table.y - mean) / std
    reader = InMemoryReader(table, splits, y if table.is_classified else y.astype(np.float32))
    target, outputs = ("classes", 2) if table.is_classified else ("numbers", 1)
    answered = {n: ours(n, reader, outputs, target, seed, changes) for n in OURS}

    def of_test(found: Answered) -> NDArray:
        if table.is_classified:
            return found.test[:, 1] - found.test[:, 0]
        return found.test[:, 0] * std + mean

    results = {n: quality(table, splits, of_test(found)) for n, found in answered.items()}
    chosen = choose({n: answered[n].losses for n in TRIED})
    results["auto"] = results[chosen]
    if table.is_classified:
        val = answered[chosen].val
        temperature = fit_temperature(val, table.y[splits.val], num_unknown=1)
        scaled = softmax(answered[chosen].test / temperature)
        results["calibration"] = calibration(scaled, table.y[splits.test])[1]
    peer = {n: quality(table, splits, found) for n, found in peers(table, splits).items()}
    seconds = {f"{n}_seconds": found.seconds for n, found in answered.items()}
    results |= peer | seconds
    shown = ", ".join(f"{n} {v:.4f}" for n, v in results.items() if not n.endswith("_seconds"))
    print(f"{name} seed {seed}: {shown}; auto: {chosen}", flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=TABLES)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of RECIPE")
    parser.add_argument("--peers", action="store_true", help="LightGBM and CatBoost alone")
    arguments = parser.parse_args()
    changes = {key: type(RECIPE[key])(v) for key, v in (s.split("=") for s in arguments.set)}
    torch.set_num_threads(1)
    names = arguments.only or [
        n for n in TABLES if "GROUNDWORK_TABLES" in os.environ or n in ("breast_cancer", "diabetes")
    ]
    run = measure_others if arguments.peers else partial(measure, changes=changes)
    found = {n: [run(n, s) for s in range(arguments.seeds)] for n in names}
    print(f"\n{'':14}" + "".join(f"{key:>15}" for key in next(iter(found.values()))[0]))
    for name, runs in found.items():
        means = {key: statistics.mean(run[key] for run in runs) for key in runs[0]}
        print(f"{name:14}" + "".join(f"{value:15.4f}" for value in means.values()))
    if arguments.only or changes:
        return
    command = f"GROUNDWORK_TABLES=DIR python benchmarks/tables.py --seeds {arguments.seeds}"
    if arguments.peers:
        save("table_peers", peer_figures(found), f"{command} --peers")
    else:
        save("tables", figures(found), command)


def peer_figures(found: Mapping[str, list[dict[str, float]]]) -> list[Figure]:
    rows = []
    for name, runs in found.items():
        shown = {
            title: spread([run[peer] for run in runs], 4)
            for peer, title in OTHERS.items()
            if peer in runs[0]
        }
        rows.append(
            Figure(
                topic="train",
                what=f"{metric_of(name)} of other boosted trees on {name.replace('_', ' ')}",
                ours="`auto` above, on the same rows",
                n=len(runs),
                peer="; ".join(f"{title}: {figure}" for title, figure in shown.items()),
            )
        )
    return rows


def metric_of(name: str) -> str:
    return "RMSE, less is better," if name in NUMBERS else "AUC"


def figures(found: Mapping[str, list[dict[str, float]]]) -> list[Figure]:
    rows = []
    for name, runs in found.items():
        is_number = name in NUMBERS
        for model in ("tabm", "auto"):
            ratios = []
            for run in runs:
                ratio = run[model] / run["sk_hgb"]
                ratios.append(1 / ratio if is_number else ratio)
            rows.append(
                Figure(
                    topic="train",
                    what=f"{metric_of(name)} of `{model}` on {name.replace('_', ' ')}",
                    ours=spread([run[model] for run in runs], 4),
                    n=len(runs),
                    peer="HistGradientBoosting, tuned: "
                    f"{spread([run['sk_hgb'] for run in runs], 4)}; linear: "
                    f"{spread([run['sk_linear'] for run in runs], 4)}",
                    ratio=(statistics.median(ratios), min(ratios), max(ratios)),
                )
            )
        if name in LARGE:
            errors = [run["calibration"] for run in runs]
            ratios = [MOST_UNCALIBRATED / error for error in errors]
            rows.append(
                Figure(
                    topic="train",
                    what=f"calibration error of `auto` on {name}, after temperature scaling",
                    ours=spread(errors, 3),
                    n=len(runs),
                    peer=f"a limit of {MOST_UNCALIBRATED}",
                    ratio=(statistics.median(ratios), min(ratios), max(ratios)),
                )
            )
    return rows


if __name__ == "__main__":
    main()
