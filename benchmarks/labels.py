"""How many wrong labels does the label check find, and what does cleaning give back?

CIFAR-10's training images with the labels that three people gave each of them (CIFAR-10N), against
the true labels. Two sets of given labels: the majority of the three (about 9 % wrong) and one
annotator alone (about 17 % wrong). The probabilities come out of fold from the pipeline's own
models; cleanlab judges the same ones beside it.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/labels.py [--given majority one] [--save DIR]

`--save DIR` keeps the probabilities, and takes them from there when they are there already.
benchmarks/cleaning.py trains on what was cleaned, duplicates.py plants duplicates, annotators.py
compares ways to a consensus. With `--rows N` alone it measures ready probabilities of up to N rows.
"""

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from cifar import Cifar, read_cifar
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from tqdm import tqdm

from pipeline.clean.out_of_fold import OutOfFold, assign_folds, check_recipe, out_of_fold
from pipeline.dataset.randomness import id_keys
from pipeline.learning.device import choose_device
from pipeline.modalities.images.encode.settings import Flip, Translate
from pipeline.targets.classes.noise.labels import Annotations, check_labels

FOLDS, EPOCHS, SEED = 3, 8, 0  # the defaults of params.yaml, and photos may be mirrored
TRANSFORMS = [Translate(name="translate", fraction=0.0625), Flip(name="flip")]
NO_IMAGES = np.zeros((0, 32, 32, 3), np.uint8)


class Asked(NamedTuple):
    said: OutOfFold
    seconds: float
    """Of training and asking all models; 0 when they were asked earlier."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--given", nargs="*", default=["majority", "one"])
    parser.add_argument("--save", type=Path)
    parser.add_argument("--rows", type=int, default=0, help="only measure ready probabilities")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure)
    if options.rows:
        return scale(options.rows)
    cifar = read_cifar("train")
    print("| given | method | AP | AUROC | F1 of the flagged | flagged | consensus wrong |")
    print("|---|---|---|---|---|---|---|")
    for name in options.given:
        given = cifar.majority if name == "majority" else cifar.votes[0]
        asked = ask(cifar, given, options.save and options.save / f"{name}.npz")
        report(name, cifar, given, asked)
    device = choose_device("auto", "auto", (32, 32, 3))
    print(
        f"\nPython {platform.python_version()}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, {device}"
    )
    scale(1_000_000)


def ask(cifar: Cifar, given: NDArray[np.int64], path: Path | None) -> Asked:
    """What models say out of fold, or said when it was saved."""
    if path and path.exists():
        saved = np.load(path)
        return Asked(OutOfFold(**{name: saved[name] for name in OutOfFold.__annotations__}), 0.0)
    folds = assign_folds(cifar.ids, SEED, FOLDS)
    shape = (32, 32, 3)
    recipe = check_recipe(len(given) * (FOLDS - 1) // FOLDS, EPOCHS, SEED)
    started = time.perf_counter()
    with tqdm(total=len(given) * (FOLDS - 1) * recipe.epochs, unit="image", disable=None) as bar:
        said = out_of_fold(
            cifar.images,
            given,
            id_keys(cifar.ids),
            folds,
            NO_IMAGES,
            num_classes=len(cifar.classes),
            recipe=recipe,
            transforms=TRANSFORMS,
            device=choose_device("auto", "auto", shape),
            on_step=bar.update,
        )
    seconds = time.perf_counter() - started
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{name: getattr(said, name) for name in OutOfFold.__annotations__})
    return Asked(said, seconds)


def report(name: str, cifar: Cifar, given: NDArray[np.int64], asked: Asked) -> None:
    """A row for each method; spread is over the folds, each of which has a model of its own."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    said = asked.said
    wrong = given != cifar.labels
    probabilities = said.probabilities
    annotations = annotations_of(cifar)
    theirs = get_label_quality_scores(given, probabilities)
    flagged = find_label_issues(given, probabilities, n_jobs=1)
    row(f"{name} ({wrong.mean():.1%} wrong)", "cleanlab, defaults", wrong, theirs, flagged, said)
    for method, people in (("ours", None), ("ours, with all annotators", annotations)):
        check = check_labels(given, probabilities, people, float(said.trust))
        missed = float((check.proposed != cifar.labels).mean())
        row("", method, wrong, check.quality, check.is_issue, said, f"{missed:.2%}")
    right = (probabilities.argmax(1) == cifar.labels).mean()
    took = f", {asked.seconds:.0f} s" if asked.seconds else ""
    print(f"| | models out of fold: {right:.2%} right{took} | | | | | |", flush=True)


def annotations_of(cifar: Cifar) -> Annotations:
    """What each annotator said of each example."""
    num_people, num = cifar.votes.shape
    people = np.repeat(np.arange(num_people), num)
    return Annotations(np.tile(np.arange(num), num_people), people, cifar.votes.ravel())


def row(
    name: str,
    method: str,
    wrong: NDArray[np.bool_],
    quality: NDArray[np.float64],
    flagged: NDArray[np.bool_],
    said: OutOfFold,
    consensus: str = "",
) -> None:
    def spread(score: object, values: NDArray) -> str:
        whole = score(wrong, values)
        by_fold = [score(wrong[said.folds == f], values[said.folds == f]) for f in range(FOLDS)]
        return f"{whole:.3f} ({min(by_fold):.3f} to {max(by_fold):.3f})"

    scores = [
        spread(average_precision_score, 1 - quality),
        spread(roc_auc_score, 1 - quality),
        spread(f1_score, flagged),
    ]
    print(f"| {name} | {method} | {' | '.join(scores)} | {flagged.mean():.1%} | {consensus} |")


def scale(most: int) -> None:
    """Time and memory of the check itself for more and more rows, each in a process of its own."""
    print("\n| rows of ready probabilities | s | peak MB above the inputs |\n|---|---|---|")
    for rows in (most // 10, most // 3, most):
        command = [sys.executable, __file__, "--measure", str(rows)]
        runs = [subprocess.check_output(command, text=True).split() for _ in range(3)]
        seconds = sorted(float(run[0]) for run in runs)
        peak = max(float(run[1]) for run in runs)
        print(
            f"| {rows:,} | {seconds[1]:.2f} ({seconds[0]:.2f} to {seconds[2]:.2f}) | {peak:.0f} |",
            flush=True,
        )


def measure(rows: int) -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 10, rows)
    logits = random.normal(0, 1, (rows, 10))
    logits[np.arange(rows), truth] += 3
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    given = np.where(random.random(rows) < 0.1, random.integers(0, 10, rows), truth)
    del logits
    before = resident_mb("VmRSS")
    started = time.perf_counter()
    check_labels(given, probabilities)
    seconds = time.perf_counter() - started
    print(seconds, resident_mb("VmHWM") - before)


def resident_mb(what: str) -> float:
    """Megabytes of memory now (VmRSS) or at most so far (VmHWM); see proc(5)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) / 1e3


if __name__ == "__main__":
    main()
