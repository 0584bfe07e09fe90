"""How much of what wrong labels cost does cleaning give back?

The same network is trained on 20,000 images of CIFAR-10 with their true labels, with wrong ones as
people gave them, and after each `clean.action`; its accuracy is that on the test split, and on the
5,000 held-out images with labels as wrong as the others, which is all that a user can see.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/cleaning.py --checked DIR [--given one]

DIR is where `benchmarks/labels.py --save DIR` left what the models say. `one` is one annotator,
`majority` what most of three say, cleaned with what each of them said.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from cifar import read_cifar
from labels import TRANSFORMS, annotations_of, ask, check_device, check_recipe
from numpy.typing import NDArray
from results import WITH_CIFAR10, Figure, save, typed_command

from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.shards.column import INPUT
from pipeline.learning.batches import Examples, make_examples
from pipeline.learning.fitting.loop import fit
from pipeline.learning.inference import predict
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.images.label_check.interface import fit as prepare
from pipeline.modalities.images.modules.image_network import ImageNetwork
from pipeline.modalities.images.modules.whitened import WhitenedCNN
from pipeline.targets.opening import open_loss, open_noise

WIDTHS, EPOCHS = (32, 64, 128), 8
NUM_TRAIN, NUM_HELD_OUT = 20_000, 5_000
ACTIONS = ["keep", "drop", "relabel", "downweight"]
SAVED = {"downweight": "the default, `downweight`", "relabel": "`relabel`"}
WRONG = {"one": "one annotator's", "majority": "the majority's"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checked", type=Path, required=True)
    parser.add_argument("--given", choices=["majority", "one"], default="one")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--actions", nargs="*", default=ACTIONS)
    options = parser.parse_args()
    cifar, test = read_cifar("train"), read_cifar("test")
    given = cifar.majority if options.given == "majority" else cifar.votes[0]
    said = ask(cifar, given, options.checked / f"{options.given}.npz").said
    people = annotations_of(cifar) if options.given == "majority" else None
    check = said.check(given, people)
    order = np.argsort(uniform(id_keys(cifar.ids), 0, "held out"))
    train, held_out = order[:NUM_TRAIN], order[NUM_TRAIN : NUM_TRAIN + NUM_HELD_OUT]
    sets = {"true labels": (cifar.labels, np.ones(len(given)))}
    for action in options.actions:
        labels, weights = given.copy(), np.ones(len(given))
        if action == "relabel":
            labels[check.is_issue] = check.proposed[check.is_issue]
        elif action != "keep":
            weights[check.is_issue] = 0 if action == "drop" else check.quality[check.is_issue]
        sets[action] = labels, weights
    print(f"{options.given}: {(given != cifar.labels).mean():.1%} wrong")
    print("| trained on | wrong labels | test accuracy | won back | held out, as given | s |")
    print("|---|---|---|---|---|---|")
    found: dict[str, NDArray[np.float64]] = {}
    shares: dict[str, str] = {}
    for name, (labels, weights) in sets.items():
        started = time.perf_counter()
        used = train[weights[train] > 0]
        examples = make_examples({INPUT: cifar.images[used]}, labels[used], weights[used])
        runs = [
            accuracies(
                examples,
                id_keys(cifar.ids[row] for row in used),
                [(test.images, test.labels), (cifar.images[held_out], given[held_out])],
                seed,
            )
            for seed in range(options.seeds)
        ]
        found[name] = np.array(runs)
        wrong = np.average(labels[used] != cifar.labels[used], weights=weights[used])
        shares[name] = won_back(found, name)
        tested, seen = found[name].T
        print(
            f"| {name} | {wrong:.1%} | {spread(tested)} | {shares[name]} | {spread(seen)} | "
            f"{(time.perf_counter() - started) / options.seeds:.0f} |",
            flush=True,
        )
    lost = f"accuracy lost to {WRONG[options.given]} wrong labels"
    figures = [
        Figure("labels", f"{lost}, won back by {SAVED[name]}", share, options.seeds)
        for name, share in shares.items()
        if share and name in SAVED
    ]
    if figures:
        save("cleaning", figures, typed_command(WITH_CIFAR10))


def won_back(found: dict[str, NDArray[np.float64]], name: str) -> str:
    """Share of the accuracy lost to wrong labels, mean and range over the seeds."""
    if "keep" not in found or name in ("keep", "true labels"):
        return ""
    kept = found["keep"][:, 0]
    lost = (found["true labels"][:, 0] - kept).mean()
    back = 100 * (found[name][:, 0] - kept) / lost
    return f"{back.mean():.0f} % ({back.min():.0f} to {back.max():.0f})"


def accuracies(
    examples: Examples, keys: NDArray[np.uint64], asked: list[tuple], seed: int
) -> list[float]:
    """Train, and return the accuracy on each set of images and labels."""
    images = examples.inputs[INPUT].numpy()
    torch.manual_seed(seed)
    inside = WhitenedCNN(32, 32, 3, 10, widths=WIDTHS)
    network = ImageNetwork(inside, prepare(images, np.arange(len(images))))

    def epoch_of(epoch: int) -> Examples:
        seen = augment(images, keys, epoch + 1, transforms=TRANSFORMS, seed=seed)
        return examples._replace(inputs={INPUT: torch.from_numpy(seen)})

    recipe, device = check_recipe(len(keys), EPOCHS, seed), check_device()
    settings = open_noise("classes").LOSS
    fit(network, recipe, epoch_of, None, open_loss("classes"), device, settings=settings)
    found = []
    for others, labels in asked:
        logits = predict(network, {INPUT: others}, device)
        found.append(float((logits.argmax(1) == labels).mean()))
    return found


def spread(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.4f} ({values.min():.4f} to {values.max():.4f})"


if __name__ == "__main__":
    main()
