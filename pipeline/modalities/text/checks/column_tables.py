"""Tables of what texts have in common: labels, splits, and words since the profile."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.rules import at_least, at_most
from pipeline.modalities.protocols.checks import ColumnTable
from pipeline.modalities.text.checks import frequencies, label_words
from pipeline.modalities.text.checks.telling import what_tells
from pipeline.modalities.text.checks.vocabulary import (
    share_known,
    words_of,
)

MOST_NAMED = MOST_LINE = 0.5
LEAST_KNOWN = 0.5
MIN_TEXTS = 20


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
        found += frequencies.tables_of(table, words, before, max_drift)
        found += label_words.tables_of(table, words, before, max_drift)
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
