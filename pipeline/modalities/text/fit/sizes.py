"""How many buckets n-grams need, and how much room a text has in each column."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.modalities.text.content.ngrams import blocks_of
from pipeline.modalities.text.encode import pieces
from pipeline.modalities.text.encode.bags import LEAST_BUCKETS, lengths_of
from pipeline.runtime.errors import SettingsError

SPARE = 2
"""Buckets for each n-gram of train, so that few share one."""
MOST_BUCKETS = 1 << 20
MOST_LENGTH = 2048
SHARE = 0.99
"""The share of texts that fit in whole."""
STEP = 16
ENOUGH = MOST_BUCKETS
MOST_PIECES, PIECES_STEP = 256, 8


def sizes_of(tables: Callable[[], Iterable[pa.Table]]) -> dict[str, int]:
    """`buckets`, a power of two, and `length`, the n-grams of a text that are kept."""
    known: NDArray[np.uint64] = np.zeros(0, np.uint64)
    for table in tables():
        if len(known) >= ENOUGH:
            break
        new = [np.unique(grams.hashes) for _, grams in blocks_of(table["text"].to_pylist())]
        known = np.unique(np.concatenate([known, *new]))
    buckets = LEAST_BUCKETS
    while buckets < min(SPARE * len(known), MOST_BUCKETS):
        buckets *= 2
    length = _room(
        (lengths_of(table["text"].to_pylist(), buckets) for table in tables()), STEP, MOST_LENGTH
    )
    return {"buckets": buckets, "length": length}


def pieces_for(tables: Callable[[], Iterable[pa.Table]], folder: str | None) -> dict[str, Any]:
    """What the column `pieces` needs: the tokenizer of a folder, and the room of a text.

    Raises:
        SettingsError: no folder is named, or its tokenizer cannot be read.
        MissingInput: there is no tokenizer.
    """
    if folder is None:
        raise SettingsError(
            "params.yaml: augment.encodings has pieces, but augment.tokenizer names no tokenizer",
            fix="set augment.tokenizer to a folder below models/start, or take pieces away",
        )
    tokenizer = pieces.read_tokenizer(Path(folder))
    lengths = (pieces.lengths_of(table["text"].to_pylist(), tokenizer) for table in tables())
    return {
        "tokenizer": tokenizer,
        "vocabulary": pieces.vocabulary_of(tokenizer),
        "fill": pieces.fill_of(tokenizer),
        "length": _room(lengths, PIECES_STEP, MOST_PIECES),
    }


def _room(lengths: Iterable[NDArray[np.int64]], step: int, most: int) -> int:
    """A multiple of `step` that is enough for nearly all texts."""
    usual = np.concatenate([np.zeros(1, np.int64), *lengths])
    length = int(np.quantile(usual, SHARE, method="higher"))
    return max(step, min(most, -(-length // step) * step))
