"""The names of modalities/protocols/checks.py, for texts: the texts themselves are looked at."""

from typing import Any

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import Profile
from pipeline.modalities.protocols.checks import ColumnTable, ContentIndex, Features
from pipeline.modalities.text.checks.column_tables import tables_of
from pipeline.modalities.text.checks.frequencies import frequencies_profile
from pipeline.modalities.text.checks.label_words import label_words_profile
from pipeline.modalities.text.checks.relations import ACROSS_SPLITS, AMONG_EXAMPLES, add_relations
from pipeline.modalities.text.checks.vocabulary import (
    document_counts,
    frequent,
    presence,
    words_of,
)
from pipeline.modalities.text.content.measurements import MEASUREMENTS, WORDS

__all__ = ["ACROSS_SPLITS", "AMONG_EXAMPLES", "MEASUREMENTS", "WORDS", "add_relations"]

CONTENT = {"text": "string"}
ROW_RULES = ()
COMPARED = [m.name for m in MEASUREMENTS if m.compared]


def add_row_checks(rows: Any) -> None:
    pass


def features(content: ContentIndex) -> Features:
    return Features(COMPARED, COMPARED)


def add_features(table: Any, content: ContentIndex) -> None:
    pass


def tables(
    table: Any, content: ContentIndex, before: Profile | None, settings: Any
) -> list[ColumnTable]:
    return tables_of(table, before, settings.max_drift)


def profile(table: Any, content: ContentIndex) -> dict[str, int | float]:
    """Frequent words and pairs, also by label; of scripts the profile counts each anyway."""
    words = [words_of(text) for text in table["text"]]
    return {**frequencies_profile(table["text"], words), **label_words_profile(table, words)}


def patterns(table: Any, content: ContentIndex) -> Float64:
    """Measurements, and whether a text has each of the frequent words."""
    words = [words_of(text) for text in table["text"]]
    has_word = presence(words, frequent(document_counts(words)))
    return np.column_stack([table[COMPARED].to_numpy(np.float64), has_word])
