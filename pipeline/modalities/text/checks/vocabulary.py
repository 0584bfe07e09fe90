"""Words of texts, by which their splits, their labels and earlier data are compared."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.modalities.text.content.folding import folded

WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W\d_]+")
"""Letters in a row; characters of scripts without blanks are words by themselves."""
NUM_FREQUENT = 200
LEAST = 5
"""Texts that have a word, for it to be in a profile: what fewer have may tell of one of them."""


def words_of(text: str | None) -> frozenset[str]:
    return frozenset(WORD.findall(folded(text))) if text else frozenset()


def pairs_of(text: str | None, known: frozenset[str]) -> frozenset[str]:
    """Pairs of words side by side, both of which are known."""
    words = WORD.findall(folded(text)) if text else []
    return frozenset(
        f"{one} {other}" for one, other in pairwise(words) if one in known and other in known
    )


def document_counts(words: Iterable[frozenset[str]]) -> Counter[str]:
    """How many texts have each word."""
    counts: Counter[str] = Counter()
    for own in words:
        counts.update(own)
    return counts


def frequent(counts: Mapping[str, int], most: int = NUM_FREQUENT) -> list[str]:
    """The words that most texts have, between equals by their letters."""
    found = [word for word, number in counts.items() if number >= LEAST]
    return sorted(found, key=lambda word: (-counts[word], word))[:most]


def presence(words: Sequence[frozenset[str]], which: Sequence[str]) -> Float64:
    """Whether each of N texts has each word, `(N, F)`."""
    places = {word: place for place, word in enumerate(which)}
    found = np.zeros((len(words), len(which)))
    for row, own in enumerate(words):
        found[row, [places[word] for word in own if word in places]] = 1.0
    return found


def share_known(
    words: Sequence[frozenset[str]], known: frozenset[str], rows: NDArray[np.int64]
) -> float:
    """The share of the words of some texts that is known; NaN of none."""
    total = sum(len(words[row]) for row in rows.tolist())
    inside = sum(len(words[row] & known) for row in rows.tolist())
    return inside / total if total else float("nan")
