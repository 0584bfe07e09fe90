"""How many planted wrong labels of breast cancer does the label check find?

5 % of the labels are exchanged; networks predict each row out of fold, as the stage clean has them
do; the label check ranks the rows. cleanlab's ranking of the same outputs is beside it where it is
installed.

    python benchmarks/table_labels.py [--seeds 5]
"""

import argparse
import statistics
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from numpy.typing import NDArray
from results import Figure, save, spread
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import average_precision_score, roc_auc_score

from pipeline.clean.folds import assign_folds, folds_of
from pipeline.clean.out_of_fold import QuickNetwork, out_of_fold
from pipeline.dataset.randomness import id_keys
from pipeline.learning.device import Device
from pipeline.learning.fitting.recipe import Recipe
from pipeline.modalities.opening import open_label_check
from pipeline.modalities.tables.compare.loading import LoadedRows
from pipeline.params import load_params
from pipeline.targets.classes.measures.metrics import fit_temperature, softmax
from pipeline.targets.opening import open_loss, open_noise
from pipeline.targets.protocols.noise import Evidence

RECIPE = Path(__file__).resolve().parent.parent / "recipes/tables-classes.yaml"
WRONG = 0.05
LEAST = 0.85
NO_ROWS = np.zeros(0, np.int64)
CPU = Device("cpu", bf16=False)


def outputs_of(
    numbers: NDArray[np.float64], given: NDArray[np.int64], seed: int
) -> NDArray[np.float32]:
    """Logits of each row by a network that has not seen it, `(N, 2)`."""
    clean, check = load_params(RECIPE).clean, open_label_check("tables")
    rows = np.arange(len(given))
    loaded = LoadedRows(numbers, np.zeros((len(given), 0), np.int32), [], [])
    preparation = check.fit(loaded, rows)
    ids = [f"row {row}" for row in rows]
    folds = folds_of(assign_folds(ids, seed, clean.folds))
    quick = check.recipe(folds.num_learnt // clean.folds, clean.epochs)
    answers = out_of_fold(
        QuickNetwork(
            build=partial(check.build, preparation, 2),
            inputs=partial(check.inputs, loaded, preparation=preparation),
            vary=lambda inputs, keys, copy, seed: check.vary(inputs, keys, copy, clean, seed),
            num_views=check.num_views(clean),
            loss=open_loss("classes"),
            loss_settings=open_noise("classes").LOSS,
        ),
        rows,
        given,
        id_keys(ids),
        folds,
        NO_ROWS,
        recipe=Recipe(**quick._asdict(), patience=quick.epochs, seed=seed, deterministic=True),
        device=CPU,
    )
    return answers.outputs


def measure(seed: int) -> dict[str, float]:
    numbers, labels = load_breast_cancer(return_X_y=True)
    random = np.random.default_rng(seed)
    wrong = np.zeros(len(labels), bool)
    wrong[random.choice(len(labels), round(WRONG * len(labels)), replace=False)] = True
    given = np.where(wrong, 1 - labels, labels).astype(np.int64)
    outputs = outputs_of(numbers, given, seed)
    none = np.zeros((0, 0, 2), np.float32)
    checked, _ = open_noise("classes").check_labels(
        Evidence(given, outputs, None), Evidence(NO_ROWS, none, None), {"classes": ["0", "1"]}
    )
    found = {
        "ours": float(average_precision_score(wrong, -checked.quality)),
        "auroc": float(roc_auc_score(wrong, -checked.quality)),
        "flagged": float(checked.is_issue.sum()),
        "right": float(wrong[checked.is_issue].mean()) if checked.is_issue.any() else 1.0,
    }
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        pass
    else:
        chances = softmax(outputs / fit_temperature(outputs, given))
        theirs = get_label_quality_scores(given, chances)
        found["cleanlab"] = float(average_precision_score(wrong, -theirs))
    print(
        f"seed {seed}: " + ", ".join(f"{n} {value:.3f}" for n, value in found.items()), flush=True
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = [measure(seed) for seed in range(options.seeds)]
    ours = [run["ours"] for run in runs]
    print(f"mean average precision {statistics.mean(ours):.3f}, the limit is {LEAST}")
    peer = f"a limit of {LEAST}"
    if "cleanlab" in runs[0]:
        peer += f"; cleanlab on the same outputs: {spread([r['cleanlab'] for r in runs], 3)}"
    ratios = [value / LEAST for value in ours]
    figure = Figure(
        "labels",
        "planted 5 % wrong labels of breast cancer, average precision",
        spread(ours, 3),
        len(runs),
        peer,
        (statistics.median(ratios), min(ratios), max(ratios)),
    )
    save("table_labels", [figure], f"python benchmarks/table_labels.py --seeds {options.seeds}")


if __name__ == "__main__":
    main()
