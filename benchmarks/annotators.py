"""How good is the consensus of several annotators, and which labels are best bought next?

Three real people's labels for each of CIFAR-10's training images (CIFAR-10N) against the true
ones. Consensus: majority vote, Dawid & Skene without a model, cleanlab's CROWDLAB, and ours, on
the same out-of-fold probabilities. Queue: two annotators have labelled everything; the images that
each method puts first get the third one's real label; counted is how many errors of our consensus
are repaired for each 1,000 labels.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/annotators.py [--probabilities FILE.npz]

FILE.npz has `probabilities` (50,000, 10), out of fold, in the order of the files (as `labels.py
--save` leaves them, with the temperature that says how far to trust them) and, optionally, `rows`
(which images these are). Without it a cheap model gives them: ridge regression on
convolutions with random patches (Coates & Ng 2012), which takes two or three minutes.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from patches import out_of_fold
from results import WITH_CIFAR10, Figure, save, typed_command
from sklearn.metrics import average_precision_score

from pipeline.modalities.images.encode.pixels import decode_all
from pipeline.targets.classes.labels.voting import majority_vote
from pipeline.targets.classes.noise.annotators import agreement, expected_gain
from pipeline.targets.classes.noise.calibration import TRUE_LABEL_TEMPERATURE
from pipeline.targets.classes.noise.labels import infer_true_labels

BOUGHT = (1000, 5000, 10_000)  # of 50,000; fewer in proportion when there are fewer images


class Crowd(NamedTuple):
    classes: list[str]
    truth: np.ndarray
    """Class indices, `(N,)`."""
    labels: np.ndarray
    """Of each annotator, `(N, 3)`."""
    probabilities: np.ndarray
    """Out of fold, `(N, 10)`."""
    trust: float = 1.0
    """In the probabilities; see `infer_true_labels`."""

    def infer(self, asked: np.ndarray, probabilities: np.ndarray | None = None):
        """From the labels where `asked`, `(N, 3)`, is true."""
        rows, annotators = np.nonzero(asked)
        known = self.probabilities if probabilities is None else probabilities
        return infer_true_labels(known, rows, annotators, self.labels[asked], self.trust)

    def errors(self, consensus: np.ndarray) -> int:
        return int((consensus != self.truth).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probabilities", type=Path, metavar="FILE.npz")
    options = parser.parse_args()
    if "GROUNDWORK_CIFAR10" not in os.environ:
        sys.exit("GROUNDWORK_CIFAR10 does not name the folder with CIFAR-10")
    started = time.perf_counter()
    crowd = read(Path(os.environ["GROUNDWORK_CIFAR10"]), options.probabilities)
    accuracy = (crowd.probabilities.argmax(1) == crowd.truth).mean()
    print(f"{len(crowd.truth)} images; the model is right for {accuracy:.2%}")
    report_agreement(crowd)
    shares = report_consensus(crowd)
    report_queue(crowd)
    figure = consensus_figure(shares, len(crowd.truth), cheap=options.probabilities is None)
    save("annotators", [figure], typed_command(WITH_CIFAR10))
    print(f"\nPython {platform.python_version()}, {time.perf_counter() - started:.0f} s")


def read(folder: Path, file: Path | None) -> Crowd:
    """The images in the order of the files, and what was said of them."""
    tables = [pq.read_table(path) for path in sorted(folder.glob("train-*.parquet"))]
    about = json.loads(tables[0].schema.metadata[b"huggingface"])
    classes = about["info"]["features"]["label"]["names"]
    truth = np.concatenate([table["label"].to_numpy() for table in tables])
    images = [image for table in tables for image in table["img"].to_pylist()]
    place = {image["path"]: row for row, image in enumerate(images)}
    said = pq.read_table(folder / "annotations.parquet")
    people = sorted(set(said["annotator"].to_pylist()))
    labels = np.full((len(truth), len(people)), -1)
    for id, annotator, label in zip(*(column.to_pylist() for column in said), strict=True):
        labels[place[id], people.index(annotator)] = classes.index(label)
    if file is None:
        pixels = np.stack(list(decode_all([i["bytes"] for i in images], (32, 32, 3), "squash")))
        probabilities = out_of_fold(pixels, votes(labels), len(classes))
        return Crowd(classes, truth, labels, probabilities)
    found = np.load(file)
    rows = found["rows"] if "rows" in found else np.arange(len(truth))
    trust = float(found["temperature"]) / TRUE_LABEL_TEMPERATURE if "temperature" in found else 1.0
    probabilities = found["probabilities"].astype(np.float64)
    return Crowd(classes, truth[rows], labels[rows], probabilities, trust)


def votes(labels: np.ndarray) -> np.ndarray:
    """The majority, of equals the first annotator's."""
    num, people = labels.shape
    return majority_vote(np.repeat(np.arange(num), people), labels.ravel(), num, 10)


def report_agreement(crowd: Crowd) -> None:
    num, people = crowd.labels.shape
    found = agreement(np.repeat(np.arange(num), people), crowd.labels.ravel(), len(crowd.classes))
    by_class = zip(crowd.classes, found.by_class, strict=True)
    listed = ", ".join(f"{name} {alpha:.3f}" for name, alpha in by_class)
    print(f"Krippendorff's alpha {found.alpha:.4f}: {listed}")


def report_consensus(crowd: Crowd) -> dict[str, float]:
    """Share of wrong labels by the way to a consensus.

    Prints beside it how well doubts of the majority's labels find its errors.
    """
    from cleanlab.multiannotator import get_label_quality_multiannotator

    majority = votes(crowd.labels)
    tied = np.random.default_rng(0).permutation(3)  # another annotator first
    everybody = np.ones(crowd.labels.shape, bool)
    ours = crowd.infer(everybody).posterior
    alone = crowd.infer(everybody, np.full_like(crowd.probabilities, 0.1)).posterior
    wrong = majority != crowd.truth
    print("\nconsensus                                  wrong   AP of doubts")
    shares: dict[str, float] = {}
    num = len(crowd.truth)

    def show(name: str, consensus: np.ndarray, precision: str = "") -> None:
        shares[name] = crowd.errors(consensus) / num
        print(f"{name:40} {shares[name]:7.2%}   {precision}")

    show("majority, of equals the first", majority)
    show("majority, of equals another", votes(crowd.labels[:, tied]))
    show("the model alone", crowd.probabilities.argmax(1))
    for name, posterior in (("Dawid & Skene, no model", alone), ("ours", ours)):
        doubt = 1 - posterior[np.arange(num), majority]
        precision = f"{average_precision_score(wrong, doubt):.3f}"
        show(name, posterior.argmax(1), precision)
    for method in ("majority_vote", "best_quality"):
        found = get_label_quality_multiannotator(
            pd.DataFrame(crowd.labels.astype(float)),
            crowd.probabilities,
            consensus_method=method,
            verbose=False,
        )["label_quality"]
        consensus = found["consensus_label"].to_numpy().astype(int)
        precision = ""
        if method == "majority_vote":
            of_cleanlab = found["consensus_quality_score"].to_numpy()
            missed = average_precision_score(consensus != crowd.truth, -of_cleanlab)
            precision = f"{missed:.3f} (of its own majority)"
        show(f"CROWDLAB, {method}", consensus, precision)
    return shares


def consensus_figure(shares: dict[str, float], num: int, cheap: bool) -> Figure:
    ours, theirs = shares["ours"], shares["CROWDLAB, best_quality"]
    majority = shares["majority, of equals the first"]
    beside = ", beside a cheap model" if cheap else ""
    return Figure(
        "labels",
        f"consensus of three annotators of {num:,} images, share that is wrong{beside}",
        f"{100 * ours:.2f} %",
        1,
        f"CROWDLAB (best_quality): {100 * theirs:.2f} %; majority vote {100 * majority:.2f} %",
        [theirs / ours],
    )


def report_queue(crowd: Crowd) -> None:
    from cleanlab.multiannotator import get_active_learning_scores

    asked = np.ones(crowd.labels.shape, bool)
    last = crowd.errors(crowd.infer(asked).posterior.argmax(1))
    asked[:, 2] = False
    start = crowd.infer(asked)
    num, posterior = len(crowd.truth), start.posterior
    first = crowd.errors(posterior.argmax(1))
    print(f"\ntwo annotators: {first / num:.2%} wrong; three: {last / num:.2%}")
    print("errors repaired for each 1,000 labels of the third, after so many labels:")
    sizes = [round(bought * num / 50_000) for bought in BOUGHT]
    print(f"{'':40}" + "".join(f"{size:>8}" for size in sizes))
    scores: dict[str, Callable[[], np.ndarray]] = {
        "random": lambda: np.random.default_rng(0).random(num),
        "entropy of the posterior": lambda: -(posterior * np.log(posterior.clip(1e-12))).sum(1),
        "1 - largest posterior": lambda: 1 - posterior.max(1),
        "ActiveLab (cleanlab)": lambda: (
            -get_active_learning_scores(
                pd.DataFrame(crowd.labels[:, :2].astype(float)), crowd.probabilities
            )[0]
        ),
        "expected gain (ours)": lambda: expected_gain(posterior, start.confusion),
    }
    for name, score in scores.items():
        order = np.argsort(-score(), kind="stable")
        repaired = []
        for size in sizes:
            more = asked.copy()
            more[order[:size], 2] = True
            left = crowd.errors(crowd.infer(more).posterior.argmax(1))
            repaired.append((first - left) / size * 1000)
        print(f"{name:40}" + "".join(f"{number:8.0f}" for number in repaired))


if __name__ == "__main__":
    main()
