"""How good are the networks for texts, beside scikit-learn's and fastText's on the same rows?

Nine datasets of messages, questions, intents, news and reviews in English, Chinese and Hausa, with
the publisher's test or 20 % drawn by the seed. Of the rest 10 % are validation, by which both sides
choose: networks and penalties. Beside ours, in the same run: scikit-learn's linear support vector
machine on tf-idf of words, pairs and characters, its logistic regression on words and pairs, and
fastText where floret is installed.

    GROUNDWORK_TEXTS=/data python benchmarks/text.py [--seeds 3] [--only NAME ...]

With --only the figures of the other datasets stay as they are in results/text.json.

Accuracy is compared, but for sms, of which 13 % are spam, the mean of both labels' F1.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from results import Figure, save, spread
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC
from text_data import DATASETS, Rows, Texts

from pipeline.dataset.shards.files import ShardRows
from pipeline.learning.device import Device
from pipeline.learning.inference import predict
from pipeline.modalities.text.encode.interface import encode
from pipeline.modalities.text.fit.sizes import sizes_of
from pipeline.modalities.text.network.interface import TRIED, build
from pipeline.targets.opening import open_loss
from pipeline.train.alone import fit_itself
from pipeline.train.choosing import choose

CPU = Device("cpu", bf16=False)
FLOORS = {
    "sms": 0.970,
    "trec": 0.875,
    "banking77": 0.895,
    "ag_news": 0.870,
    "thucnews": 0.845,
    "chnsenticorp": 0.885,
}
BEHIND = 0.004
"""That auto may lie behind the best peer."""
VAL = 0.1
TOKENS = r"[\u4e00-\u9fff]|\w+"
"""Words, or single characters of Chinese."""
WIDE_EPOCHS, WIDE_RATE = 25, 0.5


class Split(NamedTuple):
    train: Rows
    val: Rows
    test: Rows


def split(texts: Texts, seed: int) -> Split:
    order = np.random.default_rng(seed).permutation(len(texts.train))
    num = round(VAL * len(order))
    val, train = ([texts.train[row] for row in part] for part in (order[:num], order[num:]))
    return Split(train, val, texts.test)


def texts_of(rows: Rows) -> list[str]:
    return [text for text, _ in rows]


def labels_of(rows: Rows) -> list[str]:
    return [label for _, label in rows]


def score(name: str, rows: Rows, answers: Sequence[str]) -> float:
    if name == "sms":
        return float(f1_score(labels_of(rows), answers, average="macro"))
    return float(accuracy_score(labels_of(rows), answers))


class Measured(NamedTuple):
    answers: list[str]
    """For the test rows."""
    seconds: float
    """Of CPU, to encode and train."""


# Ours


class InMemoryReader:
    """What a ShardReader gives to a network that fits itself."""

    copies = 1

    def __init__(self, rows: Split) -> None:
        self.names = sorted(set(labels_of(rows.train)))
        code = {name: number for number, name in enumerate(self.names)}
        sizes = sizes_of(lambda: [pa.table({"text": texts_of(rows.train)})])
        self.preparation = {"ngrams": sizes}
        self._rows = {
            name: ShardRows(
                encode({"text": texts_of(part)}, self.preparation),
                np.array([code.get(label, 0) for label in labels_of(part)], np.int32),
                np.ones(len(part), np.float32),
            )
            for name, part in rows._asdict().items()
        }

    def read_rows(self, split: str, copy: int) -> ShardRows:
        return self._rows[split]

    def num_examples(self, split: str) -> int:
        return len(self._rows[split].weights)


def ours(rows: Split, seed: int) -> dict[str, Measured]:
    """Each network as the stage train has it, and what `auto` chooses of them."""
    started = time.process_time()
    reader = InMemoryReader(rows)
    encoding = time.process_time() - started
    loss = open_loss("classes")
    settings = SimpleNamespace(label_smoothing=0.0)
    found, losses = {}, {}
    y_val = torch.from_numpy(reader.read_rows("val", 0).y).long()
    for name in TRIED:
        started = time.process_time()
        torch.manual_seed(seed)
        network = build(name, reader.preparation, len(reader.names), settings)
        fit_itself(network, reader, loss, settings, CPU, seed)  # type: ignore[arg-type]
        seconds = encoding + time.process_time() - started
        val, test = (predict(network, reader.read_rows(s, 0).inputs, CPU) for s in ("val", "test"))
        each = loss.losses(torch.from_numpy(val), y_val, settings)
        losses[name] = each.double().numpy()
        found[name] = Measured([reader.names[best] for best in test.argmax(1)], seconds)
    chosen = found[choose(losses)]
    both = sum(measured.seconds for measured in found.values()) - encoding
    return {**found, "auto": Measured(chosen.answers, both)}


# Peers


def peers(rows: Split, seed: int) -> dict[str, Measured]:
    found = {"sk_svm": svm(rows), "sk_logistic": logistic(rows)}
    with contextlib.suppress(ImportError):
        found["fasttext"] = fasttext(rows)
    return found


def words() -> Any:
    return TfidfVectorizer(token_pattern=TOKENS, ngram_range=(1, 2), sublinear_tf=True)


def words_and_characters() -> Any:
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_union(words(), characters)


def svm(rows: Split) -> Measured:
    make = [lambda c=c: LinearSVC(C=c) for c in (0.3, 1.0, 3.0)]
    return best_on_val(rows, words_and_characters(), make)


def logistic(rows: Split) -> Measured:
    def make(strength: float) -> Any:
        return OneVsRestClassifier(LogisticRegression(C=strength, solver="liblinear"))

    return best_on_val(rows, words(), [lambda c=c: make(c) for c in (3.0, 10.0, 30.0)])


def best_on_val(rows: Split, features: Any, models: list[Callable[[], Any]]) -> Measured:
    started = time.process_time()
    x = features.fit_transform(texts_of(rows.train))
    x_val: Any = features.transform(texts_of(rows.val))
    best, most = None, -1.0
    for make in models:
        model = make().fit(x, labels_of(rows.train))
        right = accuracy_score(labels_of(rows.val), model.predict(x_val))
        if right > most:
            best, most = model, float(right)
    seconds = time.process_time() - started
    assert best is not None
    return Measured(list(best.predict(features.transform(texts_of(rows.test)))), seconds)


def fasttext(rows: Split) -> Measured:
    import floret

    def line(text: str) -> str:
        return " ".join(spaced(text).split())

    started = time.process_time()
    names = sorted(set(labels_of(rows.train)))
    code = {name: number for number, name in enumerate(names)}
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        for text, label in rows.train:
            file.write(f"__label__{code[label]} {line(text)}\n")
        file.flush()
        settings = {"epoch": WIDE_EPOCHS, "lr": WIDE_RATE, "wordNgrams": 2, "dim": 64, "thread": 1}
        model = floret.train_supervised(file.name, minn=2, maxn=5, verbose=0, **settings)
    seconds = time.process_time() - started
    answers, _ = model.predict([line(text) for text in texts_of(rows.test)])
    found = [names[int(best[0].removeprefix("__label__"))] for best in answers]
    return Measured(found, seconds)


def spaced(text: str) -> str:
    """Chinese characters as words of their own, which fastText asks for."""
    return "".join(f" {c} " if "\u4e00" <= c <= "\u9fff" else c for c in text.lower())


def measure(name: str, seed: int) -> dict[str, tuple[float, float]]:
    """Score and seconds, by the name of the model."""
    rows = split(DATASETS[name](seed), seed)
    found = {**ours(rows, seed), **peers(rows, seed)}
    return {
        model: (score(name, rows.test, measured.answers), measured.seconds)
        for model, measured in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=DATASETS, default=list(DATASETS))
    arguments = parser.parse_args()
    figures = []
    for name in arguments.only:
        runs = [measure(name, seed) for seed in range(arguments.seeds)]
        scores = {model: [run[model][0] for run in runs] for model in runs[0]}
        seconds = {model: statistics.median(run[model][1] for run in runs) for model in runs[0]}
        for model, values in scores.items():
            print(f"{name} {model}: {spread(values, 4)}, {seconds[model]:.1f} s", flush=True)
        figures.append(figure_of(name, scores))
    command = f"GROUNDWORK_TEXTS=DIR python benchmarks/text.py --seeds {arguments.seeds}"
    save("text", figures, command, part=set(arguments.only) != set(DATASETS))


def figure_of(name: str, scores: dict[str, list[float]]) -> Figure:
    best = max(set(scores) - {*TRIED, "auto"}, key=lambda model: statistics.mean(scores[model]))
    mean, of_peer = (statistics.mean(scores[model]) for model in ("auto", best))
    weakest = min(statistics.mean(scores[model]) for model in set(scores) - {*TRIED, "auto"})
    holds = mean >= max(of_peer - BEHIND, FLOORS.get(name, weakest))
    print(f"{name}: {mean:.4f} beside {best} {of_peer:.4f}: {'holds' if holds else 'FAILS'}\n")
    ratios: NDArray[np.float64] = np.array(scores["auto"]) / np.array(scores[best])
    return Figure(
        "train",
        f"texts: {name}, model auto",
        spread(scores["auto"], 3),
        len(scores["auto"]),
        f"{best} {spread(scores[best], 3)}",
        (float(np.median(ratios)), float(ratios.min()), float(ratios.max())),
    )


if __name__ == "__main__":
    main()
