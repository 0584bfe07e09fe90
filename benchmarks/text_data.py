"""Texts with labels for benchmarks/text.py and benchmarks/text_quality.py.

GROUNDWORK_TEXTS is a folder with the files that each dataset's publisher has, one folder each:
sms_spam, trec, banking77, ag_news_test, thucnews_titles, chnsenticorp_htl, financial_phrasebank,
rt_polarity and hausa_newsclass.
"""

import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.modalities.text.content.folding import folded

Rows = list[tuple[str, str]]
"""Text and label."""
SHARE = 0.2
"""Of the rows, for testing where the publisher did not split."""


class Texts(NamedTuple):
    train: Rows
    test: Rows


def folder() -> Path:
    return Path(os.environ["GROUNDWORK_TEXTS"])


def lines(path: str, encoding: str = "utf-8") -> list[str]:
    return [line for line in (folder() / path).read_text(encoding).split("\n") if line.strip()]


def records(path: str) -> list[list[str]]:
    with (folder() / path).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def drawn(rows: Rows, seed: int) -> Texts:
    order = np.random.default_rng(seed).permutation(len(rows))
    num = round(SHARE * len(rows))
    return Texts([rows[row] for row in order[num:]], [rows[row] for row in order[:num]])


def sms(seed: int) -> Texts:
    """Each text once: 414 of 5,574 repeat another."""
    once: dict[str, tuple[str, str]] = {}
    for line in lines("sms_spam/sms.tsv"):
        label, text = line.split("\t", 1)
        once.setdefault(folded(text), (text, label))
    return drawn(list(once.values()), seed)


def trec(seed: int) -> Texts:
    def rows(name: str) -> Rows:
        both = (line.split(" ", 1) for line in lines(f"trec/{name}", "latin-1"))
        return [(text, label.split(":")[0]) for label, text in both]

    return Texts(rows("TREC.train"), rows("TREC.test"))


def banking77(seed: int) -> Texts:
    train, test = (
        [(text, label) for text, label, *_ in records(f"banking77/{name}.csv")[1:]]
        for name in ("train", "test")
    )
    return Texts(train, test)


def ag_news(seed: int) -> Texts:
    rows = records("ag_news_test/test.csv")
    return drawn([(f"{title} {text}", label) for label, title, text in rows], seed)


def thucnews(seed: int) -> Texts:
    def rows(name: str) -> Rows:
        both = (line.rsplit("\t", 1) for line in lines(f"thucnews_titles/{name}.txt"))
        return [(text, label) for text, label in both]

    return Texts(rows("test"), rows("dev"))


def chnsenticorp(seed: int) -> Texts:
    rows = records("chnsenticorp_htl/ChnSentiCorp_htl_all.csv")[1:]
    return drawn([(text, label) for label, text in rows if text], seed)


def phrasebank(seed: int) -> Texts:
    both = [
        line.rsplit("@", 1)
        for line in lines("financial_phrasebank/Sentences_50Agree.txt", "latin-1")
    ]
    return drawn([(text, label) for text, label in both], seed)


def rt_polarity(seed: int) -> Texts:
    rows = [
        (text, label)
        for label in ("pos", "neg")
        for text in lines(f"rt_polarity/rt-polarity.{label}", "latin-1")
    ]
    return drawn(rows, seed)


def hausa(seed: int) -> Texts:
    def rows(name: str) -> Rows:
        cells = (line.split("\t") for line in lines(f"hausa_newsclass/{name}.tsv")[1:])
        return [(text, label) for *_, text, label in cells]

    return Texts(rows("train_clean"), rows("test"))


DATASETS: dict[str, Callable[[int], Texts]] = {
    "sms": sms,
    "trec": trec,
    "banking77": banking77,
    "ag_news": ag_news,
    "thucnews": thucnews,
    "chnsenticorp": chnsenticorp,
    "phrasebank": phrasebank,
    "rt_polarity": rt_polarity,
    "hausa": hausa,
}
