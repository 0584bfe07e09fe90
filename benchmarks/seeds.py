"""Test scores of a recipe over seeds, and its time, in one process on shards that are there.

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
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from results import Figure, save, typed_command
from ruamel.yaml import YAML

from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device, choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.inference import predict
from pipeline.modalities.opening import open_network
from pipeline.params import all_params
from pipeline.runtime.settings import PARAMS_FILE, parse, read_yaml
from pipeline.runtime.stage import INDEX
from pipeline.targets.opening import open_labels, open_loss
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
    large = open_network(reader.modality).gains_by_bf16(reader.preparation)
    device = choose_device(params.train.device, params.train.precision, large)
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {device}")
    reader.verify(["train", "val", "test"])
    rows = [train(params, seed, reader, device) for seed in range(options.seeds)]
    print(f"{params.model}, {params.epochs} epochs, n = {len(rows)}: mean (min to max)")
    for name in rows[0]:
        print(f"  {name:14} {spread([row[name] for row in rows], 10)}")
    metric = open_loss(reader.target_kind).SHOWN.removeprefix("val_")
    seconds = statistics.median(row["wall"] for row in rows)
    on_gpu = device.kind == "cuda"
    figure = Figure(
        "train",
        f"{reader.index['dataset']}, {params.epochs} epochs of `{params.model}` on a "
        f"{'GPU' if on_gpu else 'CPU'}, {seconds:.1f} s each, test {metric.replace('_', ' ')}",
        spread([row[metric] for row in rows]),
        len(rows),
    )
    save("seeds-gpu" if on_gpu else "seeds", [figure], typed_command(), str(device))


def spread(values: list[float], width: int = 0) -> str:
    return f"{statistics.mean(values):{width}.4f} ({min(values):.4f} to {max(values):.4f})"


def read_params(path: Path, changes: list[str]) -> Any:
    content = read_yaml(path)
    for change in changes:
        key, _, value = change.partition("=")
        section = content
        *outer, name = key.split(".")
        for part in outer:
            section = section[part]
        section[name] = YAML(typ="safe").load(value)
    return parse(all_params(content["modality"], content["target"]), content, path)


def train(params: Any, seed: int, reader: ShardReader, device: Device) -> dict[str, float]:
    started = time.perf_counter()
    num_outputs = open_labels(reader.target_kind).num_outputs(reader.target)
    networks, loss = open_network(reader.modality), open_loss(reader.target_kind)
    torch.manual_seed(seed)
    network = networks.build(params.model, reader.preparation, num_outputs, params.train)
    recipe = recipe_of(params, seed)
    epochs = training_epochs(reader, params.train.memory_mb * 1e6, num_epochs=params.epochs)
    val = make_examples(*reader.read_rows("val", 0))
    fitted = fit(network, recipe, epochs, val, loss, device, settings=params.train)
    wall = time.perf_counter() - started
    test = make_examples(*reader.read_rows("test", 0))
    outputs = torch.from_numpy(predict(network, test.inputs, device))
    best = fitted.history[fitted.best_epoch - 1]
    row = {
        **loss.validate(outputs, test.y, None),
        loss.SHOWN: best[loss.SHOWN],
        "best_epoch": fitted.best_epoch,
        "seconds": fitted.seconds,
        "wall": wall,
        "examples/s": fitted.num_examples / fitted.seconds,
    }
    print(f"seed {seed}", {name: round(value, 4) for name, value in row.items()}, flush=True)
    return row


if __name__ == "__main__":
    main()
