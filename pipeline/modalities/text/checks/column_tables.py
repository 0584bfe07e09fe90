"""Tables of what texts have in common: labels, splits, and words since the profile."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.expectations.drift import SIGMAS, Profile, as_frequent, since
from pipeline.dataset.expectations.moments import num_groups
from pipeline.dataset.expectations.rules import at_least, at_most, hardly_moved, since_profile
from pipeline.modalities.protocols.checks import ColumnTable
from pipeline.modalities.text.checks import label_words
from pipeline.modalities.text.checks.telling import what_tells
from pipeline.modalities.text.checks.vocabulary import (
    document_counts,
    frequent,
    share_known,
    words_of,
)

WORD, SCRIPT = "word ", "script."
"""Begin keys of a profile."""
UNUSUAL = "word.none"
"""Key of the share of texts that have none of the usual words."""
SOME_WORDS = 4
MOST_NAMED = MOST_LINE = 0.5
LEAST_KNOWN = 0.5
MIN_TEXTS = 20
MIN_SHIFT = 0.02
"""Of the share of texts that have a word."""


def tables_of(table: pd.DataFrame, before: Profile | None, max_drift: float) -> list[ColumnTable]:
    words = [words_of(text) for text in table["text"]]
    found = [_splits(table, words)]
    told = what_tells(table["text"].tolist(), [_known(v) for v in table["label"].tolist()])
    if len(told.names):
        rule = at_most("hardly a text has the name of its label in it", "named", MOST_NAMED)
        noun = f"labels ({told.num_named} of {told.num} texts)"
        found.append(ColumnTable(told.names, [rule], noun))
        rule = at_most("no line of text tells the label", "line", MOST_LINE)
        found.append(ColumnTable(told.lines, [rule], "labels"))
    if before is not None:
        found.append(_words(table, words, before, max_drift))
        found.append(_unusual(table, words, before, max_drift))
        found += label_words.tables_of(table, words, before, max_drift)
        scripts = {k.removeprefix(SCRIPT): n for k, n in before.items() if k.startswith(SCRIPT)}
        rule = as_frequent(
            "scripts are as in the profile", "script", scripts, table, before, max_drift
        )
        found.append(ColumnTable(table[["id", "script", "group"]], [rule], "texts"))
    return found


def _known(label: Any) -> str | None:
    return label if isinstance(label, str) else None


def _splits(table: pd.DataFrame, words: Sequence[frozenset[str]]) -> ColumnTable:
    """A row for each split: known_words, of its words the share that train has."""
    split = table["split"].astype("object").to_numpy()
    known = frozenset().union(*(words[row] for row in np.flatnonzero(split == "train").tolist()))
    rows = []
    for name in ("val", "test"):
        of_split = np.flatnonzero(split == name)
        share = share_known(words, known, of_split) if len(of_split) >= MIN_TEXTS else np.nan
        rows.append({"id": name, "known_words": share})
    rule = at_least("val and test have the words of train", "known_words", LEAST_KNOWN)
    return ColumnTable(pd.DataFrame(rows), [rule], "splits")


def words_profile(words: Sequence[frozenset[str]]) -> dict[str, int | float]:
    """Share of the texts that have each of the most frequent words, and none of them."""
    counts = document_counts(words)
    num = max(len(words), 1)
    shares: dict[str, int | float] = {f"{WORD}{w}": counts[w] / num for w in frequent(counts)}
    return {**shares, UNUSUAL: float(_are_unusual(words, frozenset(frequent(counts))).mean())}


def _are_unusual(words: Sequence[frozenset[str]], usual: frozenset[str]) -> NDArray[np.bool_]:
    """Which texts have some words, none of which is usual, `(N,)`."""
    found = [len(own) >= SOME_WORDS and usual.isdisjoint(own) for own in words]
    return np.array(found, np.bool_)


def _unusual(
    table: pd.DataFrame, words: Sequence[frozenset[str]], before: Profile, max_drift: float
) -> ColumnTable:
    """One row, `texts`: shift, by how much more of them have no usual word, in standard deviations
    of having none; 0 where chance alone may do it, NaN where the profile does not know."""
    usual = frozenset(k.removeprefix(WORD) for k in before if k.startswith(WORD))
    now, was = float(_are_unusual(words, usual).mean()), before.get(UNUSUAL, np.nan)
    share = (now + was) / 2
    spread = np.sqrt(max(share * (1 - share), 1e-9))
    by_chance = SIGMAS * spread * np.sqrt(since(before, num_groups(table)))
    more = now - was
    shift = 0.0 if more <= max(by_chance, MIN_SHIFT) else more / spread
    says = "texts have usual words as often as in the profile"
    rows = pd.DataFrame({"id": ["texts"], "shift": [shift if np.isfinite(was) else np.nan]})
    return ColumnTable(rows, [hardly_moved(says, max_drift)], "tables")


def _words(
    table: pd.DataFrame, words: Sequence[frozenset[str]], before: Profile, max_drift: float
) -> ColumnTable:
    """A row for each frequent word, then and now: moved, by how much more or less of the texts have
    it, in standard deviations of having it, 0 where chance alone may do it."""
    counts = document_counts(words)
    num = max(len(words), 1)
    then = {k.removeprefix(WORD): float(v) for k, v in before.items() if k.startswith(WORD)}
    inverse = since(before, num_groups(table))
    rows = []
    for word in sorted({*then, *frequent(counts)}):
        now, was = counts[word] / num, then.get(word, 0.0)
        if word not in then and then and now < 2 * min(then.values()):
            continue  # it was about as frequent as the last of them, and is not in the profile
        share = (now + was) / 2
        spread = np.sqrt(max(share * (1 - share), 1e-9))
        by_chance = SIGMAS * spread * np.sqrt(inverse)
        moved = abs(now - was)
        is_moved = moved > max(by_chance, MIN_SHIFT)
        rows.append({"id": word, "moved": moved / spread if is_moved else 0.0})
    rule = since_profile(at_most("words are as frequent as in the profile", "moved", max_drift))
    frame = pd.DataFrame(rows, columns=["id", "moved"])
    return ColumnTable(frame, [rule], "words")
