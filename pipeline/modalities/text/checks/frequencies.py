"""Frequencies of words, pairs of words and scripts, now and in an accepted profile.

A share has moved if it differs by more than MIN_SHIFT and by more than chance explains. Distances
are in standard deviations of a text having the word or not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.drift import SIGMAS, Profile, inverse_size_since
from pipeline.dataset.expectations.moments import num_groups
from pipeline.dataset.expectations.rules import at_most, hardly_moved, since_profile
from pipeline.modalities.protocols.checks import ColumnTable
from pipeline.modalities.text.checks.vocabulary import document_counts, frequent, pairs_of

WORD, PAIR, SCRIPT = "word ", "pair ", "script."
"""Begin keys of a profile."""
UNUSUAL = "word.none"
"""Key of the share of texts that have none of the usual words."""
NUM_PAIRS, SOME_WORDS = 50, 4
MIN_SHIFT = 0.02
"""Least difference of two shares of texts."""

Words = Sequence[frozenset[str]]


def frequencies_profile(texts: Iterable[str | None], words: Words) -> dict[str, int | float]:
    """Shares of the texts that have each of the most frequent words, none of these, and each of the
    most frequent pairs of these, side by side."""
    counts = document_counts(words)
    num, usual = max(len(words), 1), frequent(counts)
    pairs = document_counts(pairs_of(text, frozenset(usual)) for text in texts)
    return {
        **{f"{WORD}{word}": counts[word] / num for word in usual},
        UNUSUAL: _num_unusual(words, frozenset(usual)) / num,
        **{f"{PAIR}{pair}": pairs[pair] / num for pair in frequent(pairs, NUM_PAIRS)},
    }


def tables_of(
    table: pd.DataFrame, words: Words, before: Profile, max_drift: float
) -> list[ColumnTable]:
    """Tables of words, of usual words and pairs in texts, and of scripts."""
    usual = frozenset(_beginning(WORD, before))
    rows = [_unusual(table, words, before, usual), _pairs(table, before, usual)]
    says = "texts have usual words and pairs of them as in the profile"
    usualness = pd.DataFrame(rows, columns=["id", "shift"])
    return [
        _words(table, words, before, max_drift),
        ColumnTable(usualness, [hardly_moved(says, max_drift)], "measurements"),
        _scripts(table, before, max_drift),
    ]


def _beginning(prefix: str, before: Profile) -> dict[str, float]:
    return {k.removeprefix(prefix): float(v) for k, v in before.items() if k.startswith(prefix)}


def _num_unusual(words: Words, usual: frozenset[str]) -> int:
    """How many texts have some words, none of which is usual."""
    return sum(len(own) >= SOME_WORDS and usual.isdisjoint(own) for own in words)


def moved(now: float, was: float, inverse: float) -> float:
    """How far a share has moved; 0 if chance may explain it. `inverse` as `inverse_size` has it."""
    share = (now + was) / 2
    spread = float(np.sqrt(max(share * (1 - share), 1e-9)))
    change = abs(now - was)
    return change / spread if change > max(SIGMAS * spread * np.sqrt(inverse), MIN_SHIFT) else 0.0


def _words(table: pd.DataFrame, words: Words, before: Profile, max_drift: float) -> ColumnTable:
    """A row for each frequent word, then and now."""
    counts = document_counts(words)
    num, then = max(len(words), 1), _beginning(WORD, before)
    inverse = inverse_size_since(before, num_groups(table))
    rows = []
    for word in sorted({*then, *frequent(counts)}):
        now, was = counts[word] / num, then.get(word, 0.0)
        if word not in then and then and now < 2 * min(then.values()):
            continue  # it was about as frequent as the last of them, and is not in the profile
        rows.append({"id": word, "moved": moved(now, was, inverse)})
    return _moved_table(rows, "words are as frequent as in the profile", "words", max_drift)


def _scripts(table: pd.DataFrame, before: Profile, max_drift: float) -> ColumnTable:
    """A row for each script, then and now."""
    then, counts = _beginning(SCRIPT, before), Counter(table["script"].astype("object"))
    num, num_then = max(len(table), 1), max(sum(then.values()), 1.0)
    inverse = inverse_size_since(before, num_groups(table))
    rows = [
        {"id": s, "moved": moved(counts[s] / num, then.get(s, 0.0) / num_then, inverse)}
        for s in sorted({*then, *counts})
    ]
    return _moved_table(rows, "scripts are as in the profile", "scripts", max_drift)


def _moved_table(
    rows: list[dict[str, object]], says: str, noun: str, max_drift: float
) -> ColumnTable:
    rule = since_profile(at_most(says, "moved", max_drift))
    return ColumnTable(pd.DataFrame(rows, columns=["id", "moved"]), [rule], noun)


def _unusual(
    table: pd.DataFrame, words: Words, before: Profile, usual: frozenset[str]
) -> Mapping[str, object]:
    """How far the share of texts without a usual word has risen; NaN if the profile lacks it."""
    if UNUSUAL not in before:
        return {"id": "no usual word", "shift": np.nan}
    now, was = _num_unusual(words, usual) / max(len(words), 1), float(before[UNUSUAL])
    shift = moved(now, was, inverse_size_since(before, num_groups(table))) if now > was else 0.0
    return {"id": "no usual word", "shift": shift}


def _pairs(table: pd.DataFrame, before: Profile, usual: frozenset[str]) -> Mapping[str, object]:
    """How far the mean number of usual pairs in a text has moved; NaN if the profile has none."""
    then = _beginning(PAIR, before)
    if not then:
        return {"id": "usual pairs", "shift": np.nan}
    counts = np.array([len(then.keys() & pairs_of(text, usual)) for text in table["text"]], float)
    spread = max(float(counts.std()), 1e-3)
    change = abs(float(counts.mean()) - sum(then.values()))
    by_chance = SIGMAS * spread * np.sqrt(inverse_size_since(before, num_groups(table)))
    return {"id": "usual pairs", "shift": change / spread if change > by_chance else 0.0}
