"""Do near copies of texts and wrong labels come to light?

Copies: 5,000 AG News texts and 600 of them edited, a hundred in each of six ways: case and
punctuation, a word of ten away, cut to 70 %, six words before, halves swapped, 3 % typos. How many
of the 600 pairs are found, what else, and what 100,000 short texts cost. Labels: 5 % of SMS and of
TREC get another one; average precision of the doubt of a model that has not seen them (five folds).

    GROUNDWORK_TEXTS=/data python benchmarks/text_quality.py [--seeds 3] [--show]
"""

import argparse
import random
import statistics
import string
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from numpy.typing import NDArray
from results import Figure, save, spread
from sklearn.metrics import average_precision_score
from text_data import DATASETS, Rows

from pipeline.learning.device import Device
from pipeline.learning.inference import predict
from pipeline.modalities.text.compare.loading import LoadedTexts
from pipeline.modalities.text.compare.near_copies import find_near
from pipeline.modalities.text.compare.shingles import shingles_of
from pipeline.modalities.text.label_check import interface as label_check

CPU = Device("cpu", bf16=False)
NUM, EDITED = 5000, 600
PLANTED, FOLDS = 0.05, 5
RECALL, SECONDS, MANY = 0.99, 30, 100_000
PRECISION = {"sms": 0.93, "trec": 0.70}


def loud(text: str, draw: random.Random) -> str:
    return text.upper().translate(str.maketrans("", "", string.punctuation))


def thinned(text: str, draw: random.Random) -> str:
    words = text.split()
    gone = set(draw.sample(range(len(words)), max(1, len(words) // 10)))
    return " ".join(word for place, word in enumerate(words) if place not in gone)


def cut(text: str, draw: random.Random) -> str:
    return text[: int(0.7 * len(text))]


def longer(text: str, draw: random.Random) -> str:
    return "Update from our desk this morning: " + text


def swapped(text: str, draw: random.Random) -> str:
    words = text.split()
    middle = len(words) // 2
    return " ".join(words[middle:] + words[:middle])


def mistyped(text: str, draw: random.Random) -> str:
    letters = string.ascii_lowercase
    return "".join(draw.choice(letters) if draw.random() < 0.03 else c for c in text)


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    function.__name__: function for function in (loud, thinned, cut, longer, swapped, mistyped)
}


def copies(seed: int, show: bool) -> tuple[dict[str, float], int]:
    """Recall by the edit, and how many other pairs there are."""
    parts = DATASETS["ag_news"](seed)
    texts = [text for text, _ in parts.train + parts.test][:NUM]
    draw = random.Random(seed)
    originals = draw.sample(range(NUM), EDITED)
    names = [name for name in EDITS for _ in range(EDITED // len(EDITS))]
    edited = [EDITS[name](texts[row], draw) for name, row in zip(names, originals, strict=True)]
    found = find_near(shingles_of(texts + edited))
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    recall: dict[str, list[bool]] = {name: [] for name in EDITS}
    for number, (name, row) in enumerate(zip(names, originals, strict=True)):
        recall[name].append((row, NUM + number) in pairs)
    beyond = sorted((a, b) for a, b in pairs if b < NUM)
    for one, other in random.Random(0).sample(beyond, min(20, len(beyond))) if show else ():
        print(f"  {texts[one]!r}\n  {texts[other]!r}\n")
    return {name: statistics.mean(own) for name, own in recall.items()}, len(beyond)


def many() -> float:
    """Seconds of CPU for 100,000 short texts: messages, each with a word of its own."""
    parts = DATASETS["sms"](0)
    own = [text for text, _ in parts.train]
    draw = random.Random(0)
    words = [word for text in own for word in text.split()]
    texts = [" ".join(draw.choices(words, k=12)) for _ in range(MANY)]
    started = time.process_time()
    find_near(shingles_of(texts))
    return time.process_time() - started


def doubted(name: str, seed: int) -> float:
    """Average precision of one minus the probability of the label, out of fold."""
    parts = DATASETS[name](0)
    rows: Rows = parts.train + (parts.test if name == "sms" else [])
    names = sorted({label for _, label in rows})
    random_numbers = np.random.default_rng(seed)
    y = np.array([names.index(label) for _, label in rows])
    wrong = np.zeros(len(y), bool)
    wrong[random_numbers.choice(len(y), round(PLANTED * len(y)), replace=False)] = True
    y[wrong] = (y[wrong] + random_numbers.integers(1, len(names), wrong.sum())) % len(names)
    loaded = LoadedTexts([text for text, _ in rows])
    folds = random_numbers.permutation(len(y)) % FOLDS
    doubt = np.zeros(len(y))
    for fold in range(FOLDS):
        inside, outside = (np.flatnonzero(is_in) for is_in in (folds != fold, folds == fold))
        chances = chances_of(loaded, inside, outside, y, len(names))
        doubt[outside] = 1 - chances[np.arange(len(outside)), y[outside]]
    return float(average_precision_score(wrong, doubt))


def chances_of(loaded: Any, inside: NDArray, outside: NDArray, y: NDArray, num: int) -> NDArray:
    preparation = label_check.fit(loaded, inside)
    network: Any = label_check.build(preparation, num)

    network.fit(label_check.inputs(loaded, inside, preparation), y[inside])
    outputs = predict(network, label_check.inputs(loaded, outside, preparation), CPU)
    return torch.from_numpy(outputs[:, :num]).double().softmax(1).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--show", action="store_true", help="20 pairs that nobody planted")
    arguments = parser.parse_args()
    seeds, figures = range(arguments.seeds), []
    runs = [copies(seed, arguments.show and seed == 0) for seed in seeds]
    recalls = [statistics.mean(recall.values()) for recall, _ in runs]
    print(f"near copies found: {spread(recalls, 4)}; by edit {runs[0][0]}")
    print(f"other pairs: {[num for _, num in runs]}", flush=True)
    seconds = many()
    print(f"{MANY:,} short texts: {seconds:.1f} s of CPU", flush=True)
    holds = {"copies": min(recalls) >= RECALL, "cost": seconds <= SECONDS}
    what = "near copies of texts, six kinds of edits: recall"
    figures.append(Figure("duplicates", what, spread(recalls, 4), len(recalls)))
    what = f"near copies among {MANY:,} short texts"
    figures.append(Figure("duplicates", what, f"{seconds:.1f} s of CPU", 1))
    for name, floor in PRECISION.items():
        values = [doubted(name, seed) for seed in seeds]
        print(f"{name}, 5 % wrong labels: average precision {spread(values, 3)}", flush=True)
        holds[name] = statistics.mean(values) >= floor
        what = f"5 % wrong labels among {name}: average precision"
        figures.append(Figure("labels", what, spread(values, 3), len(values)))
    print(", ".join(f"{name} {'holds' if good else 'FAILS'}" for name, good in holds.items()))
    save("text_quality", figures, f"python benchmarks/text_quality.py --seeds {len(seeds)}")


if __name__ == "__main__":
    main()
