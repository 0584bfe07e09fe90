"""How often `compare` fails runs that differ in their seed alone, on the shards in data/.

    dvc repro && python benchmarks/compare.py --seeds 8

Trains a network for each seed with the recipe in params.yaml, and compares each pair both ways.
At most ALPHA of the comparisons should fail; those of one run with the others are not independent,
so the share is rough.
"""

import argparse
import sys
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from results import Figure, save, typed_command

from pipeline.commands.compare.comparison import ALPHA, TOLERANCE, compare, overall
from pipeline.dataset.shards.files import Shard
from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.batches import Examples, make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.inference import predict
from pipeline.modalities.opening import open_network
from pipeline.params import load_params
from pipeline.targets.classes.judging import interface as judging
from pipeline.targets.classes.judging.interface import GOOD, JUDGED
from pipeline.targets.classes.judging.predictions import Predictions
from pipeline.targets.classes.measures.metrics import softmax
from pipeline.targets.opening import open_loss
from pipeline.train.params import recipe_of

VERDICTS = ("PASS", "INCONCLUSIVE", "FAIL")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--model", help="instead of the one in params.yaml")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    parser.add_argument("--metrics", nargs="+", default=JUDGED, choices=list(GOOD))
    arguments = parser.parse_args()
    params = load_params()
    if arguments.model:
        params = params.model_copy(update={"model": arguments.model})
    reader = ShardReader(Path("data/shards"))
    runs = [run(reader, params, seed) for seed in range(arguments.seeds)]
    accuracies = [float((said.probabilities.argmax(1) == said.labels).mean()) for said in runs]
    print("accuracies", *(f"{accuracy:.4f}" for accuracy in accuracies))

    counts = {name: Counter[str]() for name in (*arguments.metrics, "overall")}
    pairs = list(permutations(runs, 2))
    for one, other in pairs:
        changes = compare(
            one, other, judging, judged=arguments.metrics, tolerance=arguments.tolerance
        )
        for change in changes:
            if change.metric in counts:
                counts[change.metric][change.verdict] += 1
        counts["overall"][overall(changes)] += 1
    print(f"{len(pairs)} comparisons; at most {ALPHA:.0%} should fail")
    for name, found in counts.items():
        print(f"{name:18}", *(f"{v} {found[v] / len(pairs):.1%}  " for v in VERDICTS))
    what = (
        f"runs of {reader.index['dataset']} that differ in their seed alone, called worse "
        f"(at most {100 * ALPHA:.0f} % are allowed)"
    )
    failed = f"{counts['overall']['FAIL']} of {len(pairs)} comparisons"
    figure = Figure("compare", what, failed, arguments.seeds)
    save("compare", [figure], typed_command("dvc repro &&"))


def run(reader: ShardReader, params: Any, seed: int) -> Predictions:
    """What a network trained from this seed says of the test split."""
    networks = open_network(reader.modality)
    large = networks.gains_by_bf16(reader.preparation)
    device = choose_device(params.train.device, params.train.precision, large)
    torch.manual_seed(seed)
    classes = reader.target["classes"]
    network = networks.build(params.model, reader.preparation, len(classes), params.train)
    fit(
        network,
        recipe_of(params, seed),
        lambda epoch: examples(reader.read("train", epoch % reader.copies)),
        examples(reader.read("val", 0)),
        open_loss("classes"),
        device,
        settings=params.train,
    )
    test = reader.read("test", 0)
    logits = predict(network, test.inputs, device)
    return Predictions(
        test.ids,
        [None] * len(test.ids),
        classes,
        test.y.astype(np.int64),
        softmax(logits).astype(np.float32),
    )


def examples(shard: Shard) -> Examples:
    return make_examples(shard.inputs, shard.y, shard.weights)


if __name__ == "__main__":
    main()
