"""Typical words of labels, now and in an accepted profile."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import KEPT, SIGMAS, Profile, inverse_size
from pipeline.dataset.expectations.moments import lone_share
from pipeline.dataset.expectations.rules import hardly_moved
from pipeline.modalities.protocols.checks import ColumnTable
from pipeline.modalities.text.checks.vocabulary import document_counts, frequent, presence

TYPICAL, TEXTS = "typical ", "texts "
"""Begin keys of a profile: for a label and a typical word, the share of its texts that have it; for
a label, the number of its texts."""
NUM_TYPICAL, MOST_LABELS, MIN_TEXTS = 8, 100, 20


def label_words_profile(
    table: pd.DataFrame, words: Sequence[frozenset[str]]
) -> dict[str, int | float]:
    """The typical words of each label: frequent ones that its texts have much more than others."""
    which = frequent(document_counts(words))
    has_word = presence(words, which)
    everywhere, spread = has_word.mean(0), has_word.std(0)
    profile: dict[str, int | float] = {}
    for label, rows in _rows_by_label(table).items():
        shares = has_word[rows].mean(0)
        more = (shares - everywhere) / np.maximum(spread, 1e-9)
        profile[f"{TEXTS}{label}"] = len(rows)
        best = np.argsort(-more, kind="stable")[:NUM_TYPICAL]
        for place in best[more[best] > 0].tolist():
            profile[f"{TYPICAL}{label} {which[place]}"] = float(shares[place])
    return profile


def tables_of(
    table: pd.DataFrame, words: Sequence[frozenset[str]], before: Profile, max_drift: float
) -> list[ColumnTable]:
    """A row for each label. `shift` is how far the mean number of typical words in its texts has
    moved, in standard deviations; NaN if it has too few texts."""
    typical = _typical_before(before)
    kept, rows_of = before.get(KEPT, 0.0), _rows_by_label(table)
    rows = []
    for label, shares in typical.items():
        own = rows_of.get(label, [])
        if len(own) < MIN_TEXTS:
            rows.append({"id": label, "shift": np.nan})
            continue
        counts = presence([words[row] for row in own], list(shares)).sum(1)
        inverse = inverse_size(len(own) * lone_share(table), before[f"{TEXTS}{label}"], kept)
        rows.append({"id": label, "shift": _shift(counts, sum(shares.values()), inverse)})
    says = "labels have the words that they had in the profile"
    frame = pd.DataFrame(rows, columns=["id", "shift"])
    return [ColumnTable(frame, [hardly_moved(says, max_drift)], "labels")] if typical else []


def _shift(counts: Float64, mean: float, inverse: float) -> float:
    spread = max(float(counts.std()), 1e-3)
    change = abs(float(counts.mean()) - mean)
    return change / spread if change > SIGMAS * spread * np.sqrt(inverse) else 0.0


def _rows_by_label(table: pd.DataFrame) -> Mapping[Any, list[int]]:
    """Rows of the most frequent labels, of those with enough texts."""
    labels = table["label"].tolist()
    rows: dict[Any, list[int]] = {}
    for row, label in enumerate(labels):
        if isinstance(label, str):
            rows.setdefault(label, []).append(row)
    often = sorted(rows, key=lambda label: (-len(rows[label]), label))[:MOST_LABELS]
    return {label: rows[label] for label in sorted(often) if len(rows[label]) >= MIN_TEXTS}


def _typical_before(before: Profile) -> dict[str, dict[str, float]]:
    """Shares of typical words by label; words have no blanks, labels may."""
    found: dict[str, dict[str, float]] = {}
    for key, share in before.items():
        if key.startswith(TYPICAL):
            label, _, word = key.removeprefix(TYPICAL).rpartition(" ")
            found.setdefault(label, {})[word] = float(share)
    return found
