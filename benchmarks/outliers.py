"""Are off-topic and broken images found among others, by the label check's own embeddings?

Among 6,000 images of eight classes of CIFAR-10 are planted, 15 of each kind (1 % in all): noise,
one colour, digits, and images of the two classes left out (the hardest: they are photos like the
rest). The planted have labels at random. The network trains out of fold for a few epochs.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/outliers.py [--seeds 1] [--epochs 4]
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow.parquet as pq
from labels import NO_ROWS, check_device, quick_network
from numpy.typing import NDArray
from results import WITH_CIFAR10, Figure, save, spread, typed_command
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from pipeline.clean.folds import assign_folds, folds_of
from pipeline.clean.out_of_fold import out_of_fold
from pipeline.clean.outliers import outlier_scores
from pipeline.learning.fitting.recipe import Recipe
from pipeline.modalities.images.compare.distances import UNUSUAL, measurement_distances
from pipeline.modalities.images.content.measurements import measure
from pipeline.modalities.images.encode.pixels import decode_all, resize
from pipeline.modalities.images.encode.settings import Flip, Translate

SHAPE = (32, 32, 3)
TRANSFORMS = [Translate(name="translate", fraction=0.07), Flip(name="flip")]
NUM_IMAGES, NUM_OF_KIND = 6000, 15
LEFT_OUT = (6, 9)  # frog and truck
KINDS = ("noise", "one colour", "digit", "other class")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", default=os.environ.get("GROUNDWORK_CIFAR10"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    if not options.cifar10:
        sys.exit("skipped: GROUNDWORK_CIFAR10 names no folder with CIFAR-10 in Parquet")
    path = min(Path(options.cifar10).glob("train-*.parquet"))
    table = pq.read_table(path, columns=["img", "label"])
    images = decode_all([row["bytes"] for row in table["img"].to_pylist()], SHAPE, "squash")
    labels = table["label"].to_numpy()
    runs = [judge(images, labels, seed, options.epochs) for seed in range(options.seeds)]
    noise = [by_measurement for _, by_measurement in (run["noise"] for run in runs)]
    photos = [by_network for by_network, _ in (run["other class"] for run in runs)]
    left_out = (
        f"photos of classes that were left out, AUROC by the network, {options.epochs} epochs"
    )
    figures = [
        Figure(
            "duplicates",
            f"noise planted among {NUM_IMAGES:,} photos, AUROC by measurements",
            spread(noise, 3),
            len(runs),
        ),
        Figure("duplicates", left_out, spread(photos, 3), len(runs)),
    ]
    save("outliers", figures, typed_command(WITH_CIFAR10))


def judge(
    images: NDArray[np.uint8], labels: NDArray[np.int64], seed: int, epochs: int
) -> dict[str, tuple[float, float]]:
    """AUROC of each kind by embedding, and by measurements."""
    random = np.random.default_rng(seed)
    others = np.isin(labels, LEFT_OUT)
    inside = random.choice(np.flatnonzero(~others), NUM_IMAGES, replace=False)
    outside = random.choice(np.flatnonzero(others), NUM_OF_KIND, replace=False)
    digits = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)[..., None]
    planted = [
        random.integers(0, 256, (NUM_OF_KIND, *SHAPE), dtype=np.uint8),
        np.tile(random.integers(0, 256, (NUM_OF_KIND, 1, 1, 3), dtype=np.uint8), (1, 32, 32, 1)),
        np.stack([resize(digits[i], *SHAPE, "squash") for i in random.choice(1797, NUM_OF_KIND)]),
        images[outside],
    ]
    everything = np.concatenate([images[inside], *planted])
    classes = np.unique(labels[inside])
    given = np.concatenate(
        [
            np.searchsorted(classes, labels[inside]),
            random.integers(0, len(classes), len(everything) - NUM_IMAGES),
        ]
    )
    keys = np.arange(len(everything), dtype=np.uint64)
    folds = assign_folds([str(key) for key in keys], seed, 2)
    recipe = Recipe(
        optimizer="muon",
        lr=0.24,
        batch_size=200,
        epochs=epochs,
        schedule="linear",
        weight_decay=0.008,
        patience=epochs,
        seed=seed,
    )
    started = time.process_time()
    said = out_of_fold(
        quick_network(everything, len(classes), TRANSFORMS),
        np.arange(len(everything)),
        given,
        keys,
        folds_of(folds),
        NO_ROWS,
        recipe=recipe,
        device=check_device(),
    )
    trained = time.process_time()
    scores = outlier_scores(said.embeddings, folds)
    distances = measurement_distances(measure(everything)._asdict())
    clean = np.arange(len(everything)) < NUM_IMAGES
    accuracy = (said.outputs.argmax(1) == given)[clean].mean()
    print(
        f"seed {seed}: out-of-fold accuracy {accuracy:.3f}, {trained - started:.0f} CPU s; both "
        f"measures {time.process_time() - trained:.1f} CPU s"
    )
    print(f"  flagged of {NUM_IMAGES} others: {(distances[clean] > UNUSUAL).sum()}")
    aurocs: dict[str, tuple[float, float]] = {}
    for place, kind in enumerate(KINDS):
        rows = NUM_IMAGES + place * NUM_OF_KIND + np.arange(NUM_OF_KIND)
        either = np.concatenate([np.flatnonzero(clean), rows])
        by_embedding, by_measurement = (
            roc_auc_score(either >= NUM_IMAGES, values[either]) for values in (scores, distances)
        )
        aurocs[kind] = float(by_embedding), float(by_measurement)
        print(
            f"  {kind:12} AUROC by embedding {by_embedding:.3f}, by measurements "
            f"{by_measurement:.3f}; flagged {(distances[rows] > UNUSUAL).sum()} of {NUM_OF_KIND}"
        )
    return aurocs


if __name__ == "__main__":
    main()
