"""What does each stage cost with 100,000 texts, and the training of the peers alone?

    GROUNDWORK_TEXTS=/data python benchmarks/text_stages.py [--texts 100000]

Texts are walks through the words of AG News, one chain for each of its four labels, so that words
are as frequent as there and hardly a text repeats. They go through `dvc repro` in a clone of the
last commit, stage by stage, with the recipe text-classes. Memory is the largest sum over the
processes of a stage, shared pages divided among them (PSS), looked at twice a second. The peers of
text.py learn from the same nine tenths, each in a process of its own, with one setting.
"""

import argparse
import csv
import multiprocessing
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from recommendation_stages import ROOT, cost
from results import Figure, save
from ruamel.yaml import YAML
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC
from text import Split, best_on_val, fasttext, words, words_and_characters
from text_data import DATASETS, Rows

ENTRY = """\
uri: {texts}
license: CC0-1.0
modality: text
target: classes
columns: {{text: text, label: label}}
"""
VAL = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=100_000)
    num = parser.parse_args().texts
    rows = walks(num)
    figures = []
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        table = clone.parent / "texts.csv"
        with table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
        (clone / "data/catalog/many.yaml").write_text(ENTRY.format(texts=table))
        use = ["groundwork", "use", "many", "--recipe", "text-classes"]
        subprocess.run(use, cwd=clone, check=True)
        for stage in YAML(typ="safe").load((clone / "dvc.yaml").read_text())["stages"]:
            cpu, wall, peak = cost(clone, stage)
            print(f"{stage:9} {cpu:6.0f} CPU s {wall:6.0f} s {peak:5.2f} GB", flush=True)
            what = f"{stage} of {num:,} texts"
            figures.append(Figure("pipeline", what, f"{cpu:.0f} CPU s, {peak:.2f} GB", 1))
    shown = [f"{name}: {alone(train, rows)}" for name, train in PEERS.items()]
    print("\n".join(shown), flush=True)
    figures = [
        figure._replace(peer="; ".join(shown)) if figure.what.startswith("train") else figure
        for figure in figures
    ]
    if num == 100_000:
        save("text_stages", figures, "GROUNDWORK_TEXTS=DIR python benchmarks/text_stages.py")


def walks(num: int) -> Rows:
    """Texts with the lengths and, from word to word, the frequencies of those of AG News."""
    parts = DATASETS["ag_news"](0)
    texts = defaultdict(list)
    for text, label in parts.train + parts.test:
        texts[label].append(text.split())
    following: dict[str, dict[str, list[str]]] = {}
    for label, own in texts.items():
        following[label] = defaultdict(list)
        for line in own:
            for word, after in zip(["", *line], line, strict=False):
                following[label][word].append(after)
    random = np.random.default_rng(0)
    labels, rows = sorted(texts), []
    for number in range(num):
        label = labels[number % len(labels)]
        length = len(texts[label][random.integers(len(texts[label]))])
        walk = [""]
        while len(walk) <= length:
            choices = following[label].get(walk[-1]) or following[label][""]
            walk.append(choices[random.integers(len(choices))])
        rows.append((" ".join(walk[1:]), label))
    return rows


def svm(rows: Split) -> Any:
    return best_on_val(rows, words_and_characters(), [lambda: LinearSVC(C=1.0)])


def logistic(rows: Split) -> Any:
    model = OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear"))
    return best_on_val(rows, words(), [lambda: model])


PEERS: dict[str, Callable[[Split], Any]] = {
    "svm": svm,
    "logistic regression": logistic,
    "fastText": fasttext,
}


def alone(train: Callable[[Split], Any], rows: Rows) -> str:
    """CPU seconds and peak memory of training, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_trained, (train.__name__, rows))


def _trained(name: str, rows: Rows) -> str:
    held = round(VAL * len(rows))
    rows = [rows[place] for place in np.random.default_rng(1).permutation(len(rows))]
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        globals()[name](Split(rows[held:], rows[:held], rows[:1000]))
    except ImportError:
        return "not installed"
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{seconds:.0f} CPU s, {peak / 1e6:.2f} GB ({before / 1e6:.2f} before)"


if __name__ == "__main__":
    main()
