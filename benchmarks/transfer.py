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
from cleaning import TRANSFORMS, WIDTHS, spread
from numpy.typing import NDArray

from pipeline.clean.out_of_fold import check_recipe
from pipeline.dataset.randomness import id_keys, uniform
from pipeline.learning.batches import Examples, make_examples
from pipeline.learning.device import Device, choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.learning.model_file import save_model
from pipeline.modalities.images.content.measurements import ChannelSums
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.images.network.on_device import Normalizer
from pipeline.modalities.images.network.whitened import WhitenedCNN
from pipeline.train.transfer import start_training

SHAPE, MODEL, EPOCHS = (32, 32, 3), "whitened_cnn", 8
KNOWN = ["airplane", "automobile", "cat", "deer", "frog", "ship"]
NEW = ["bird", "dog", "horse", "truck"]
STRATEGIES = ["all", "layerwise", "gradual", "head"]
LAYER_DECAY = 0.75  # the default of params.yaml
LONGER = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--examples", type=int, nargs="*", default=[10, 50, 250])
    parser.add_argument("--lr", type=float, nargs="*", default=[0.24, 0.06])
    parser.add_argument("--layer-decay", type=float, default=LAYER_DECAY)
    parser.add_argument("--known", type=int, default=30_000, help="images of the six classes")
    options = parser.parse_args()
    device = choose_device("auto", "auto", SHAPE)
    train, test = of_classes(read_cifar("train"), NEW), of_classes(read_cifar("test"), NEW)
    if not (options.model / "model.json").exists():
        learn_known(options.model, options.known, device)
    print("| lr | examples of a class | steps | from scratch |", end="")
    print(f" {LONGER} x the steps | {' | '.join(STRATEGIES)} | CPU s |")
    print("|---" * (6 + len(STRATEGIES)) + "|")
    for lr in options.lr:
        for num in options.examples:
            compare(train, test, num, lr, options, device)
    print(f"\nPython {platform.python_version()}, torch {torch.__version__}, on {device}")


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
    mean, std = ChannelSums.of(known.images[rows]).mean_std()
    recipe = check_recipe(len(rows), EPOCHS, 0)
    torch.manual_seed(0)
    network = WhitenedCNN(*SHAPE, len(KNOWN), widths=WIDTHS)
    learn(network, known, rows, recipe, Normalizer(mean, std, device.kind), device)
    right = accuracy(network, test, Normalizer(mean, std, device.kind), device)
    seconds = time.process_time() - started
    print(f"{len(rows)} images of {len(KNOWN)} classes: {right:.4f} on test, {seconds:.0f} CPU s")
    about = {
        "dataset": "cifar10",
        "license": "unknown",
        "model": MODEL,
        "recipe": asdict(recipe),
        "shape": SHAPE,
        "classes": KNOWN,
        "mean": mean,
        "std": std,
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
) -> None:
    """A row of the table: every way to learn from so many examples of each class."""
    started = time.process_time()
    ways = ["scratch", "longer", *STRATEGIES]
    found: dict[str, list[float]] = {way: [] for way in ways}
    for seed in range(options.seeds):
        rows = draw(train, num, seed)
        mean, std = ChannelSums.of(train.images[rows]).mean_std()
        recipe = replace(check_recipe(len(rows), EPOCHS, seed), lr=lr)
        for way in ways:
            torch.manual_seed(seed)
            network = WhitenedCNN(*SHAPE, len(NEW), widths=WIDTHS)
            fresh = way not in STRATEGIES
            start = start_training(
                network,
                "none" if fresh else str(options.model),
                model=MODEL,
                shape=SHAPE,
                classes=NEW,
                mean=mean,
                std=std,
            )
            how = replace(
                recipe,
                finetune="all" if fresh else way,
                layer_decay=options.layer_decay,
                epochs=recipe.epochs * (LONGER if way == "longer" else 1),
            )
            normalize = Normalizer(start.mean, start.std, device.kind)
            learn(network, train, rows, how, normalize, device)
            found[way].append(accuracy(network, test, normalize, device))
    steps = recipe.epochs * max(1, (len(rows) - 2) // recipe.batch_size + 1)
    cells = " | ".join(spread(np.array(values)) for values in found.values())
    seconds = time.process_time() - started
    print(f"| {lr} | {num} | {steps} | {cells} | {seconds:.0f} |", flush=True)


def draw(cifar: Cifar, num: int, seed: int) -> NDArray[np.int64]:
    """Rows of so many examples of each class."""
    order = np.argsort(uniform(id_keys(cifar.ids), seed, "few"))
    chosen = [order[cifar.labels[order] == label][:num] for label in range(len(cifar.classes))]
    return np.sort(np.concatenate(chosen))


def learn(
    network: WhitenedCNN,
    cifar: Cifar,
    rows: NDArray[np.int64],
    recipe: Recipe,
    normalize: Normalizer,
    device: Device,
) -> None:
    images, labels = cifar.images[rows], cifar.labels[rows]
    keys = id_keys(cifar.ids[row] for row in rows)

    def epoch_of(epoch: int) -> Examples:
        seen = augment(images, keys, epoch + 1, transforms=TRANSFORMS, seed=recipe.seed)
        return make_examples(seen, labels, np.ones(len(labels)))

    fit(network, recipe, epoch_of, None, normalize, device)


def accuracy(network: WhitenedCNN, test: Cifar, normalize: Normalizer, device: Device) -> float:
    logits = predict(network, torch.from_numpy(test.images), normalize, device)
    return float((logits.argmax(1) == test.labels).mean())


if __name__ == "__main__":
    main()
