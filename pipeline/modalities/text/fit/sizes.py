"""How many buckets n-grams need, and how much room a text."""

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.modalities.text.content.ngrams import blocks_of
from pipeline.modalities.text.encode.bags import LEAST_BUCKETS, lengths_of

SPARE = 2
"""Buckets for each n-gram of train, so that few share one."""
MOST_BUCKETS = 1 << 20
MOST_LENGTH = 2048
SHARE = 0.99
"""Of the texts, which are there whole."""
STEP = 16
ENOUGH = MOST_BUCKETS


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
    lengths = [lengths_of(table["text"].to_pylist(), buckets) for table in tables()]
    usual = np.concatenate([np.zeros(1, np.int64), *lengths])
    length = int(np.quantile(usual, SHARE, method="higher"))
    return {"buckets": buckets, "length": max(STEP, min(MOST_LENGTH, -(-length // STEP) * STEP))}
