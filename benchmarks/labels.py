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
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from cifar import Cifar, read_cifar
from numpy.typing import NDArray
from results import WITH_CIFAR10, Figure, save, typed_command
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from tqdm import tqdm

from pipeline.clean.folds import assign_folds, folds_of
from pipeline.clean.out_of_fold import OutOfFold, QuickNetwork, out_of_fold
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.arrays import Rows, UInt8
from pipeline.dataset.randomness import id_keys
from pipeline.learning.device import Device, choose_device
from pipeline.learning.fitting.recipe import Recipe
from pipeline.modalities.images.encode.settings import Flip, Translate
from pipeline.modalities.opening import open_label_check
from pipeline.targets.classes.measures.metrics import fit_temperature, softmax
from pipeline.targets.classes.noise.calibration import TRUE_LABEL_TEMPERATURE
from pipeline.targets.classes.noise.labels import LabelCheck, check_labels
from pipeline.targets.opening import open_loss, open_noise

FOLDS, EPOCHS, SEED = 3, 8, 0  # the defaults of params.yaml, and photos may be mirrored
TRANSFORMS = [Translate(name="translate", fraction=0.0625), Flip(name="flip")]
PREPARATION = {"shape": (32, 32, 3)}  # as far as the choice of a device needs it
NO_ROWS = np.zeros(0, np.int64)
Scores = dict[str, list[float]]
"""By name, over all examples and then of each fold."""


class Said(NamedTuple):
    """What the networks say of N examples, each by the one that has not seen it."""

    folds: NDArray[np.int64]
    logits: NDArray[np.float32]
    """`(N, K)`."""
    temperature: float
    """What logits are divided by to be calibrated on the given labels."""

    @classmethod
    def of(cls, answers: OutOfFold, given: NDArray[np.int64]) -> "Said":
        return cls(answers.folds, answers.outputs, fit_temperature(answers.outputs, given))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Calibrated on the given labels, `(N, K)`."""
        return softmax(self.logits / self.temperature)

    def check(self, given: NDArray[np.int64], people: Annotations | None) -> LabelCheck:
        """Check labels as the pipeline does (targets/classes/noise/calibration.py)."""
        trust = self.temperature / TRUE_LABEL_TEMPERATURE
        return check_labels(given, self.probabilities, people, trust)


class Asked(NamedTuple):
    said: Said
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
    figures: list[Figure] = []
    for name in options.given:
        given = cifar.majority if name == "majority" else cifar.votes[0]
        asked = ask(cifar, given, options.save and options.save / f"{name}.npz")
        figures.extend(report(name, cifar, given, asked))
    save("labels", figures, typed_command(WITH_CIFAR10))
    device = check_device()
    print(
        f"\nPython {platform.python_version()}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, {device}"
    )
    scale(1_000_000)


def ask(cifar: Cifar, given: NDArray[np.int64], path: Path | None) -> Asked:
    """What models say out of fold, or said when it was saved."""
    if path and path.exists():
        saved = np.load(path)
        return Asked(Said(saved["folds"], saved["logits"], float(saved["temperature"])), 0.0)
    folds = assign_folds(cifar.ids, SEED, FOLDS)
    recipe = check_recipe(len(given) * (FOLDS - 1) // FOLDS, EPOCHS, SEED)
    started = time.perf_counter()
    with tqdm(total=len(given) * (FOLDS - 1) * recipe.epochs, unit="image", disable=None) as bar:
        answers = out_of_fold(
            quick_network(cifar.images, len(cifar.classes), TRANSFORMS),
            np.arange(len(given)),
            given,
            id_keys(cifar.ids),
            folds_of(folds),
            NO_ROWS,
            recipe=recipe,
            device=check_device(),
            on_step=bar.update,
        )
    said = Said.of(answers, given)
    seconds = time.perf_counter() - started
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **said._asdict(), probabilities=said.probabilities)
    return Asked(said, seconds)


def quick_network(images: UInt8, num_classes: int, transforms: Sequence[Any]) -> QuickNetwork:
    """The network of the label check for images `(N, H, W, C)`, all of which it learns from."""
    check = open_label_check("images")
    settings = SimpleNamespace(transforms=transforms)
    everything: Rows = np.arange(len(images))
    preparation = check.fit(images, everything)
    return QuickNetwork(
        build=partial(check.build, preparation, num_classes),
        inputs=partial(check.inputs, images, preparation=preparation),
        vary=lambda inputs, keys, copy, seed: check.vary(inputs, keys, copy, settings, seed),
        num_views=check.num_views(settings),
        loss=open_loss("classes"),
        loss_settings=open_noise("classes").LOSS,
    )


def check_recipe(num_trained_on: int, epochs: int, seed: int) -> Recipe:
    """How the label check trains a network on so many images."""
    quick = open_label_check("images").recipe(num_trained_on, epochs)
    return Recipe(**quick._asdict(), patience=quick.epochs, seed=seed, deterministic=True)


def check_device() -> Device:
    return choose_device("auto", "auto", open_label_check("images").gains_by_bf16(PREPARATION))


def report(name: str, cifar: Cifar, given: NDArray[np.int64], asked: Asked) -> list[Figure]:
    """A row for each method; spread is over the folds, each of which has a model of its own."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    said = asked.said
    wrong = given != cifar.labels
    probabilities = said.probabilities
    annotations = annotations_of(cifar)
    theirs = get_label_quality_scores(given, probabilities)
    flagged = find_label_issues(given, probabilities, n_jobs=1)
    title = f"{name} ({wrong.mean():.1%} wrong)"
    peer = row(title, "cleanlab, defaults", wrong, theirs, flagged, said)
    ours: dict[str, Scores] = {}
    for method, people in (("ours", None), ("ours, with all annotators", annotations)):
        check = said.check(given, people)
        missed = float((check.proposed != cifar.labels).mean())
        ours[method] = row("", method, wrong, check.quality, check.is_issue, said, f"{missed:.2%}")
    right = (probabilities.argmax(1) == cifar.labels).mean()
    took = f", {asked.seconds:.0f} s" if asked.seconds else ""
    print(f"| | models out of fold: {right:.2%} right{took} | | | | | |", flush=True)
    return figures_of(name, f"{100 * wrong.mean():.1f} %", *ours.values(), peer)


def figures_of(name: str, share: str, ours: Scores, informed: Scores, peer: Scores) -> list[Figure]:
    """Rows of the page; `informed` knows what each annotator said."""

    def figure(what: str, score: str) -> Figure:
        ratios = [mine / other for mine, other in zip(ours[score], peer[score], strict=True)]
        beside = f"cleanlab's defaults on the same probabilities: {peer[score][0]:.3f}"
        ratio = (ratios[0], min(ratios[1:]), max(ratios[1:]))
        return Figure("labels", what, shown(ours[score]), FOLDS, beside, ratio)

    if name != "majority":
        what = f"one annotator's labels ({share} wrong), average precision"
        return [figure(what, "average precision")]
    labels = "wrong labels of CIFAR-10N's majority"
    what = "wrong labels of CIFAR-10N found with what each annotator said, average precision"
    return [
        figure(
            f"{labels} ({share}) found, average precision, from the labels alone",
            "average precision",
        ),
        figure(f"{labels}, F1 of the flagged", "F1"),
        Figure("labels", what, shown(informed["average precision"]), FOLDS),
    ]


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
    said: Said,
    consensus: str = "",
) -> Scores:
    def by_fold(score: Callable[..., float], values: NDArray) -> list[float]:
        folds = [said.folds == fold for fold in range(FOLDS)]
        return [score(wrong, values), *(score(wrong[fold], values[fold]) for fold in folds)]

    scores = {
        "average precision": by_fold(average_precision_score, 1 - quality),
        "AUROC": by_fold(roc_auc_score, 1 - quality),
        "F1": by_fold(f1_score, flagged),
    }
    cells = " | ".join(map(shown, scores.values()))
    print(f"| {name} | {method} | {cells} | {flagged.mean():.1%} | {consensus} |")
    return scores


def shown(values: list[float]) -> str:
    whole, *by_fold = values
    return f"{whole:.3f} ({min(by_fold):.3f} to {max(by_fold):.3f})"


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
