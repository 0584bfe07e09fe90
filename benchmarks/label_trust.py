"""Does the label check make a model worse where it knows little, and better where it knows much?

Three datasets: 1,200 cats and dogs of CIFAR-10 with their published labels; digits, and 400 frogs
and ships of 8 x 8 pixels, with one label in ten exchanged. On each the network of
params.yaml learns with the hyperparameters there, without the label check and with what clean makes
of it by default. Runs are paired by their seed, which draws the exchanged labels, the folds, the
weights and the order. Where the check weighs no example the networks are the same byte by byte: the
difference is 0, and none is trained.
Test labels are the published ones, of 2,000 images of the pair or 500 digits. `--always SET...`
weighs all suspects of these sets too, however little the check can be relied on.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/label_trust.py [--seeds 0 1 2 3 4]
        [--sets cats-dogs digits frogs-ships] [--always digits frogs-ships] [--keep DIR]

`--keep DIR` leaves what each run gave there, and takes it from there when it is there already.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
import torch
from cifar import CLASSES, read_cifar
from labels import TRANSFORMS, check_recipe, quick_network
from numpy.typing import NDArray
from results import Figure, save
from scipy.stats import t
from seeds import read_params
from sklearn.datasets import load_digits

from pipeline.clean.folds import assign_folds, folds_of
from pipeline.clean.ledger import Ledger
from pipeline.clean.out_of_fold import out_of_fold
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.shards.column import INPUT
from pipeline.learning.batches import Examples, make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.inference import predict
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.opening import open_label_check, open_network
from pipeline.runtime.settings import PARAMS_FILE
from pipeline.targets.classes.measures.metrics import fit_temperature, softmax
from pipeline.targets.classes.noise.calibration import TRUE_LABEL_TEMPERATURE
from pipeline.targets.classes.noise.labels import check_labels
from pipeline.targets.opening import open_loss, open_noise
from pipeline.targets.protocols.noise import Evidence
from pipeline.train.params import recipe_of

COMMAND = "GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/label_trust.py"
PLANTED = 0.1  # share of labels that are exchanged
SEEDS = [0, 1, 2, 3, 4]
NUM_OF_CLASS = {"cats": 600, "frogs": 200}  # by the first of a pair
NUM_TEST_DIGITS = 500
SETS = ("cats-dogs", "digits", "frogs-ships")
WHAT = {
    "cats-dogs": "1,200 cats and dogs with their published labels",
    "digits": "digits with one label in ten exchanged",
    "frogs-ships": "400 frogs and ships of 8 x 8 pixels, with one label in ten exchanged",
}
NO_ROWS = np.zeros(0, np.int64)
TRANSLATE = TRANSFORMS[:1]  # the default of params.yaml


class Data(NamedTuple):
    """Examples to learn from, and others to test with."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    num_classes: int


class Run(NamedTuple):
    """What one seed gave."""

    without: float | None
    """Test accuracy, 0 to 1; None where it is that of the others, as no example is weighed."""
    weighed: float | None
    """With what clean does by default."""
    always: float | None
    """With all suspects weighed; None where it was not asked for."""
    out_of_fold: float
    suspects: int
    suspects_wrong: float
    """As the check estimates it."""
    trusted: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=SETS)
    parser.add_argument("--always", nargs="*", choices=SETS, default=[])
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    params = read_params(PARAMS_FILE, [])
    figures = []
    for name in options.sets:
        data = read_digits() if name == "digits" else read_pair(*name.split("-"))
        if name == "frogs-ships":  # a tenth of the time
            data = data._replace(images=reduce(data.images), test_images=reduce(data.test_images))
        runs = []
        for seed in options.seeds:
            kept = options.keep and options.keep / f"{name}-{seed}.json"
            if not kept or not kept.exists():
                planted = 0.0 if name == SETS[0] else PLANTED
                found = run(data, params, seed, planted, always=name in options.always)
                if kept:
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    kept.write_text(json.dumps(found._asdict()))
            else:
                found = Run(**json.loads(kept.read_text()))
            runs.append(found)
            print(f"{name}, seed {seed}: {found}", flush=True)
        figures.append(figure(name, runs))
        print(figures[-1], flush=True)
    if [*options.seeds] == SEEDS:
        some = f" --always {' '.join(options.always)}" if options.always else ""
        if {*options.sets} != {*SETS}:
            some += f" --sets {' '.join(options.sets)}"
        save("label_trust", figures, COMMAND + some)


def read_pair(first: str, second: str) -> Data:
    """The first NUM_OF_CLASS of both classes of CIFAR-10, and all of them in its test split."""
    numbers = [CLASSES.index(name.removesuffix("s")) for name in (first, second)]
    train, test = read_cifar("train", numbers), read_cifar("test", numbers)
    num = NUM_OF_CLASS[first]
    rows = np.concatenate([np.flatnonzero(train.labels == number)[:num] for number in numbers])
    return Data(
        train.images[rows],
        (train.labels[rows] == numbers[1]).astype(np.int64),
        test.images,
        (test.labels == numbers[1]).astype(np.int64),
        2,
    )


def reduce(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images `(N, 32, 32, C)` at 8 x 8 pixels, each the mean of a block."""
    blocks = images.reshape(len(images), 8, 4, 8, 4, images.shape[-1])
    reduced: NDArray[np.uint8] = blocks.mean((2, 4)).round().astype(np.uint8)
    return reduced


def read_digits() -> Data:
    found = load_digits()
    images = (found.images * (255 / 16)).round().astype(np.uint8)[..., None]
    order = np.random.default_rng(0).permutation(len(images))
    test, learnt = order[:NUM_TEST_DIGITS], order[NUM_TEST_DIGITS:]
    labels = found.target.astype(np.int64)
    return Data(images[learnt], labels[learnt], images[test], labels[test], 10)


def run(data: Data, params: Any, seed: int, planted: float, *, always: bool) -> Run:
    """Check the labels with one seed, and train without the check and with it."""
    random = np.random.default_rng(seed)
    exchanged = random.random(len(data.labels)) < planted
    other = random.integers(1, data.num_classes, len(data.labels))
    given = np.where(exchanged, (data.labels + other) % data.num_classes, data.labels)
    logits = ask(data, given, seed)
    rows = weigh(given, logits, data.num_classes)
    assert rows.reliability is not None
    tried: dict[str, NDArray[np.float64]] = {
        "without": np.ones(len(given)),
        "weighed": rows.weights,
    }
    if always:
        tried["always"] = weights_of_all(given, logits)
    distinct = {weights.tobytes(): weights for weights in tried.values()}
    accuracies = {
        key: accuracy(data, given, weights, params, seed) if len(distinct) > 1 else None
        for key, weights in distinct.items()
    }
    return Run(
        without=accuracies[tried["without"].tobytes()],
        weighed=accuracies[tried["weighed"].tobytes()],
        always=accuracies[tried["always"].tobytes()] if always else None,
        out_of_fold=rows.reliability.out_of_fold_accuracy,
        suspects=int(rows.suspected.sum()),
        suspects_wrong=rows.reliability.suspects_wrong,
        trusted=rows.reliability.trusted,
    )


def ask(data: Data, given: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Logits out of fold, as clean asks for them with its defaults."""
    ids = [str(row) for row in range(len(given))]
    clean = read_params(PARAMS_FILE, []).clean
    return out_of_fold(
        quick_network(data.images, data.num_classes, TRANSLATE),
        np.arange(len(given)),
        given,
        id_keys(ids),
        folds_of(assign_folds(ids, seed, clean.folds)),
        NO_ROWS,
        recipe=check_recipe(len(given) * (clean.folds - 1) // clean.folds, clean.epochs, seed),
        device=device_for(data, "label check"),
    ).outputs


def device_for(data: Data, network: str) -> Any:
    of = open_label_check("images") if network == "label check" else open_network("images")
    return choose_device("auto", "auto", of.gains_by_bf16({"shape": data.images.shape[1:]}))


def weigh(given: NDArray[np.int64], logits: NDArray[np.float32], num_classes: int) -> Ledger:
    """The ledger of clean after its default action."""
    target = {"classes": [str(number) for number in range(num_classes)]}
    num = len(given)
    table = pa.table(
        {
            "id": [str(row) for row in range(num)],
            "split": ["train"] * num,
            "group": pa.nulls(num, pa.string()),
            "label": [target["classes"][code] for code in given],
        }
    )
    noise = open_noise("classes")
    rows = Ledger(table, noise, target)
    nothing = Evidence(given[:0], np.zeros((3, 0, num_classes), np.float32), None)
    found, _ = noise.check_labels(Evidence(given, logits, None), nothing, target)
    rows.suspect(np.arange(num), found)
    rows.reliability = found.reliability
    rows.act("downweight", remove_outliers=False)
    return rows


def weights_of_all(given: NDArray[np.int64], logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Weights as if the networks could always be relied on."""
    temperature = fit_temperature(logits, given)
    trust = temperature / TRUE_LABEL_TEMPERATURE
    found = check_labels(given, softmax(logits / temperature), None, trust)
    return np.where(found.is_issue, found.quality, 1.0)


def accuracy(
    data: Data, given: NDArray[np.int64], weights: NDArray[np.float64], params: Any, seed: int
) -> float:
    """Train as params.yaml has it, and return the accuracy on test."""
    everything = np.arange(len(given))
    preparation = {**open_label_check("images").fit(data.images, everything), "resize": "squash"}
    torch.manual_seed(seed)
    network = open_network("images").build(
        params.model, preparation, data.num_classes, params.train
    )
    keys = id_keys(str(row) for row in range(len(given)))

    def epoch_of(epoch: int) -> Examples:
        seen = augment(data.images, keys, epoch + 1, transforms=TRANSLATE, seed=seed)
        return make_examples({INPUT: seen}, given, weights)

    device = device_for(data, "network")
    recipe = recipe_of(params, seed)
    fit(network, recipe, epoch_of, None, open_loss("classes"), device, settings=params.train)
    outputs = predict(network, {INPUT: torch.from_numpy(data.test_images)}, device)
    return float((outputs.argmax(1) == data.test_labels).mean())


def figure(name: str, runs: list[Run]) -> Figure:
    """With the check minus without it, in points of test accuracy."""
    trusted = sum(run.trusted for run in runs)
    gains = [minus(run.weighed, run.without) for run in runs]
    trained = [run.without for run in runs if run.without is not None]
    peer = f"without: {np.mean(trained):.4f}" if trained else "no example weighed: the same network"
    if all(run.always is not None for run in runs):
        always = [minus(run.always, run.without) for run in runs]
        peer = f"all suspects weighed: {difference(always)}; {peer}"
    return Figure(
        topic="labels",
        what=f"{WHAT[name]}: test accuracy with the label check minus without, in points",
        ours=f"{difference(gains)}; the check was trusted in {trusted} of {len(runs)}",
        n=len(runs),
        peer=peer,
    )


def minus(one: float | None, other: float | None) -> float:
    """Difference of accuracies, 0 where networks are the same and neither was trained."""
    return 0.0 if one is None or other is None else one - other


def difference(values: list[float]) -> str:
    """Mean and 95 % interval of paired differences, in points."""
    points = 100 * np.array(values)
    error = points.std(ddof=1) / np.sqrt(len(points))
    away = t.ppf(0.975, len(points) - 1) * error
    mean = points.mean()
    return f"{mean:+.2f} (95 % interval {mean - away:+.2f} to {mean + away:+.2f})"


if __name__ == "__main__":
    main()
