"""Test accuracy of a recipe over seeds, and its time, in one process on shards that are there.

`dvc repro augment` makes the shards, with the recipe as params.yaml. Then the same shards are
trained on with several seeds, of weights, order and dropout; the test split is looked at once a
seed, after training. `seconds` are those of all training steps; `wall` has the reading of shards
and validation too. The first seed also chooses kernels, and loads what the GPU needs.

    python benchmarks/seeds.py params.yaml [--seeds 5] [--shards data/shards] [--set epochs=10 ...]
"""

import argparse
import platform
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from ruamel.yaml import YAML

from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.batches import make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.inference import predict
from pipeline.modalities.images.modules.on_device import Normalizer
from pipeline.modalities.images.network.networks import build_network
from pipeline.params import Params
from pipeline.runtime.settings import PARAMS_FILE, parse, read_yaml
from pipeline.runtime.stage import INDEX
from pipeline.train.params import recipe_of
from pipeline.train.streaming import training_epochs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe", type=Path, nargs="?", default=PARAMS_FILE)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shards", type=Path, default=Path("data/shards"))
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", dest="changes")
    options = parser.parse_args()
    if not (options.shards / INDEX).is_file():
        sys.exit(f"skipped: {options.shards} has no shards; dvc repro augment makes them")
    params = read_params(options.recipe, options.changes)
    reader = ShardReader(options.shards)
    device = choose_device(params.train.device, params.train.precision, reader.shape)
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {device}")
    reader.verify(["train", "val", "test"])
    rows = [train(params, seed, reader, device) for seed in range(options.seeds)]
    print(f"{params.model}, {params.epochs} epochs, n = {len(rows)}: mean (min to max)")
    for name in rows[0]:
        found = [row[name] for row in rows]
        mean, low, high = statistics.mean(found), min(found), max(found)
        print(f"  {name:14} {mean:10.4f} ({low:.4f} to {high:.4f})")


def read_params(path: Path, changes: list[str]) -> Params:
    content = read_yaml(path)
    for change in changes:
        key, _, value = change.partition("=")
        section = content
        *outer, name = key.split(".")
        for part in outer:
            section = section[part]
        section[name] = YAML(typ="safe").load(value)
    return parse(Params, content, path)


def train(params: Params, seed: int, reader: ShardReader, device) -> dict[str, float]:
    started = time.perf_counter()
    torch.manual_seed(seed)
    network = build_network(params.model, reader.shape, len(reader.classes))
    normalize = Normalizer(reader.index["mean"], reader.index["std"], device.kind)
    recipe = recipe_of(params, seed)
    epochs = training_epochs(reader, params.train.memory_mb * 1e6, num_epochs=params.epochs)
    val = make_examples(*reader.read_rows("val", 0))
    fitted = fit(network, recipe, epochs, val, normalize, device)
    wall = time.perf_counter() - started
    test = make_examples(*reader.read_rows("test", 0))
    said = predict(network, test.images, normalize, device, params.train.views).argmax(1)
    row = {
        "accuracy": float((said == test.labels.numpy()).mean()),
        "val_accuracy": fitted.history[fitted.best_epoch - 1]["val_accuracy"],
        "best_epoch": fitted.best_epoch,
        "seconds": fitted.seconds,
        "wall": wall,
        "images/s": fitted.num_images / fitted.seconds,
    }
    print(f"seed {seed}", {name: round(value, 4) for name, value in row.items()}, flush=True)
    return row


if __name__ == "__main__":
    main()
