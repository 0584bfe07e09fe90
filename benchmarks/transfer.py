"""Does what was learnt of some classes help with others of which there are few examples?

A network learns six classes of CIFAR-10 (30,000 images). Then it learns the other four from 10, 50
and 250 examples of each, by each strategy of train.finetune, beside the same network from scratch
with as many steps, and with four times as many. The accuracy is on the 4,000 test images of these
four classes. A seed draws the examples, the new head (or network) and the order.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/transfer.py --model DIR [--seeds 3]

DIR keeps the network of the six classes, and it is taken from there when it is there already.
"""

import argparse
import platform
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from cifar import Cifar, read_cifar
from cleaning import WIDTHS, spread
from labels import TRANSFORMS, check_device, check_recipe
from numpy.typing import NDArray
from results import WITH_CIFAR10, Figure, middle_and_range, save, typed_command

from pipeline.dataset.randomness import id_keys, uniform
from pipeline.dataset.shards.column import INPUT
from pipeline.learning.batches import Examples, make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.learning.model_file import save_model
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.images.label_check.interface import fit as prepare
from pipeline.modalities.images.modules.image_network import ImageNetwork
from pipeline.modalities.images.modules.whitened import WhitenedCNN
from pipeline.modalities.protocols.encode import Preparation
from pipeline.targets.opening import open_loss, open_noise
from pipeline.train.transfer import find_start, take_over

SHAPE, MODEL, EPOCHS = (32, 32, 3), "whitened_cnn", 8
KNOWN = ["airplane", "automobile", "cat", "deer", "frog", "ship"]
NEW = ["bird", "dog", "horse", "truck"]
STRATEGIES = ["all", "layerwise", "gradual", "head"]
LAYER_DECAY = 0.75  # the default of params.yaml
LONGER = 4
Accuracies = dict[str, list[float]]
"""By the way of learning, of each seed."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--examples", type=int, nargs="*", default=[10, 50, 250])
    parser.add_argument("--lr", type=float, nargs="*", default=[0.24, 0.06])
    parser.add_argument("--layer-decay", type=float, default=LAYER_DECAY)
    parser.add_argument("--known", type=int, default=30_000, help="images of the six classes")
    options = parser.parse_args()
    device = check_device()
    train, test = of_classes(read_cifar("train"), NEW), of_classes(read_cifar("test"), NEW)
    if not (options.model / "model.json").exists():
        learn_known(options.model, options.known, device)
    print("| lr | examples of a class | steps | from scratch |", end="")
    print(f" {LONGER} x the steps | {' | '.join(STRATEGIES)} | CPU s |")
    print("|---" * (6 + len(STRATEGIES)) + "|")
    runs: dict[int, list[Accuracies]] = {num: [] for num in options.examples}
    for lr in options.lr:
        for num in options.examples:
            runs[num].append(compare(train, test, num, lr, options, device))
    print(f"\nPython {platform.python_version()}, torch {torch.__version__}, on {device}")
    figures = [best_figure(num, by_rate) for num, by_rate in runs.items()]
    save("transfer", figures, typed_command(WITH_CIFAR10))


def best_figure(num: int, by_rate: list[Accuracies]) -> Figure:
    """The best strategy and rate beside the best rate from scratch, by the mean of the seeds."""
    scratch = max((found["scratch"] for found in by_rate), key=np.mean)
    ours = max((found[way] for found in by_rate for way in STRATEGIES), key=np.mean)
    return Figure(
        "train",
        f"four classes from {num} examples each: the best of `train.finetune`, "
        f"each at the best of {len(by_rate)} learning rates",
        spread(np.array(ours)),
        len(ours),
        f"from scratch: {spread(np.array(scratch))}",
        middle_and_range([mine / other for mine, other in zip(ours, scratch, strict=True)]),
    )


def of_classes(cifar: Cifar, names: list[str]) -> Cifar:
    """The examples of some classes, numbered anew in that order."""
    numbers = [cifar.classes.index(name) for name in names]
    rows = np.flatnonzero(np.isin(cifar.labels, numbers))
    labels = np.array([numbers.index(label) for label in cifar.labels[rows]])
    ids = [cifar.ids[row] for row in rows]
    return Cifar(cifar.images[rows], labels, ids, cifar.votes[:, :0], names)


def learn_known(folder: Path, num: int, device: Device) -> None:
    """Train on the six classes and write the model as the train stage would."""
    started = time.process_time()
    known, test = (of_classes(read_cifar(split), KNOWN) for split in ("train", "test"))
    rows = np.arange(min(num, len(known.labels)))
    preparation = prepare(known.images, rows)
    recipe = check_recipe(len(rows), EPOCHS, 0)
    torch.manual_seed(0)
    network = build(preparation, len(KNOWN))
    learn(network, known, rows, recipe, device)
    right = accuracy(network, test, device)
    seconds = time.process_time() - started
    print(f"{len(rows)} images of {len(KNOWN)} classes: {right:.4f} on test, {seconds:.0f} CPU s")
    about = {
        "dataset": "cifar10",
        "license": "unknown",
        "model": MODEL,
        "recipe": asdict(recipe),
        "modality": "images",
        "preparation": preparation,
        "target_kind": "classes",
        "target": {"classes": KNOWN},
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_model(network, folder / "model.safetensors", folder / "model.json", about)


def compare(
    train: Cifar,
    test: Cifar,
    num: int,
    lr: float,
    options: argparse.Namespace,
    device: Device,
) -> Accuracies:
    """Print a row of the table: every way to learn from so many examples of each class."""
    started = time.process_time()
    ways = ["scratch", "longer", *STRATEGIES]
    found: Accuracies = {way: [] for way in ways}
    for seed in range(options.seeds):
        rows = draw(train, num, seed)
        preparation = prepare(train.images, rows)
        recipe = replace(check_recipe(len(rows), EPOCHS, seed), lr=lr)
        for way in ways:
            fresh = way not in STRATEGIES
            weights = "none" if fresh else str(options.model)
            start = find_start(weights, model=MODEL, modality="images", preparation=preparation)
            torch.manual_seed(seed)
            network = build(start.preparation, len(NEW))
            target = {"classes": NEW}
            take_over(network, start, weights, model=MODEL, target=target, num_outputs=len(NEW))
            how = replace(
                recipe,
                finetune="all" if fresh else way,
                layer_decay=options.layer_decay,
                epochs=recipe.epochs * (LONGER if way == "longer" else 1),
            )
            learn(network, train, rows, how, device)
            found[way].append(accuracy(network, test, device))
    steps = recipe.epochs * max(1, (len(rows) - 2) // recipe.batch_size + 1)
    cells = " | ".join(spread(np.array(values)) for values in found.values())
    seconds = time.process_time() - started
    print(f"| {lr} | {num} | {steps} | {cells} | {seconds:.0f} |", flush=True)
    return found


def draw(cifar: Cifar, num: int, seed: int) -> NDArray[np.int64]:
    """Rows of so many examples of each class."""
    order = np.argsort(uniform(id_keys(cifar.ids), seed, "few"))
    chosen = [order[cifar.labels[order] == label][:num] for label in range(len(cifar.classes))]
    return np.sort(np.concatenate(chosen))


def build(preparation: Preparation, num_classes: int) -> ImageNetwork:
    """A new network, as the train stage builds its own but for the width."""
    return ImageNetwork(WhitenedCNN(*SHAPE, num_classes, widths=WIDTHS), preparation)


def learn(
    network: ImageNetwork,
    cifar: Cifar,
    rows: NDArray[np.int64],
    recipe: Recipe,
    device: Device,
) -> None:
    images, labels = cifar.images[rows], cifar.labels[rows]
    keys = id_keys(cifar.ids[row] for row in rows)

    def epoch_of(epoch: int) -> Examples:
        seen = augment(images, keys, epoch + 1, transforms=TRANSFORMS, seed=recipe.seed)
        return make_examples({INPUT: seen}, labels, np.ones(len(labels)))

    settings = open_noise("classes").LOSS
    fit(network, recipe, epoch_of, None, open_loss("classes"), device, settings=settings)


def accuracy(network: ImageNetwork, test: Cifar, device: Device) -> float:
    logits = predict(network, {INPUT: test.images}, device)
    return float((logits.argmax(1) == test.labels).mean())


if __name__ == "__main__":
    main()
