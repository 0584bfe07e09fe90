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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from pipeline.commands.compare.comparison import ALPHA, GOOD, JUDGED, TOLERANCE, compare, overall
from pipeline.dataset.shard_reader import ShardReader
from pipeline.dataset.shards import Shard
from pipeline.evaluate.predictions import Predictions
from pipeline.learning.batches import Examples, make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.inference import predict
from pipeline.learning.metrics import softmax
from pipeline.modalities.images.network.networks import build_network
from pipeline.modalities.images.network.on_device import Normalizer
from pipeline.params import Params, load_params
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
        changes = compare(one, other, tolerance=arguments.tolerance, judged=arguments.metrics)
        for change in changes:
            if change.metric in counts:
                counts[change.metric][change.verdict] += 1
        counts["overall"][overall(changes)] += 1
    print(f"{len(pairs)} comparisons; at most {ALPHA:.0%} should fail")
    for name, found in counts.items():
        print(f"{name:18}", *(f"{v} {found[v] / len(pairs):.1%}  " for v in VERDICTS))


def run(reader: ShardReader, params: Params, seed: int) -> Predictions:
    """What a network trained from this seed says of the test split."""
    device = choose_device(params.train.device, params.train.precision, reader.shape)
    torch.manual_seed(seed)
    network = build_network(params.model, reader.shape, len(reader.classes))
    recipe = recipe_of(params, seed)
    normalize = Normalizer(reader.index["mean"], reader.index["std"], device)
    fit(
        network,
        recipe,
        lambda epoch: examples(reader.read("train", epoch % reader.copies)),
        examples(reader.read("val", 0)),
        normalize,
        device,
    )
    test = reader.read("test", 0)
    logits = predict(network, torch.from_numpy(test.images), normalize, device)
    return Predictions(
        test.ids,
        [None] * len(test.ids),
        reader.classes,
        test.labels.astype(np.int64),
        softmax(logits).astype(np.float32),
    )


def examples(shard: Shard) -> Examples:
    return make_examples(shard.images, shard.labels, shard.weights)


if __name__ == "__main__":
    main()
