"""The column `ngrams` of a shard: the different n-grams of a text as numbers of buckets.

Words come first, then pairs, then runs of characters, each in the order of the text; 0 fills up.
Words and pairs have the first half of the buckets, runs the second; two n-grams may share one. What
does not fit in is left out, the end of the longest runs first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.text.content.ngrams import Grams, blocks_of

NGRAMS = "ngrams"
FIRST = 1
"""The first bucket; 0 is none."""
LEAST_BUCKETS, MOST_BUCKETS = 1 << 10, 1 << 22
MOST_LENGTH = 1 << 14

Ids = NDArray[np.int32]


def bags_of(texts: Sequence[str | None], said: Mapping[str, Any]) -> Ids:
    """N-grams of N texts, `(N, length)`; `said` has `buckets` and `length`."""
    found = np.zeros((len(texts), said["length"]), np.int32)
    for start, grams in blocks_of(texts):
        rows, places, ids = _in_places(grams, said["buckets"])
        fits = places < said["length"]
        found[start + rows[fits], places[fits]] = ids[fits]
    return found


def lengths_of(texts: Sequence[str | None], buckets: int) -> NDArray[np.int64]:
    """How many different n-grams each of N texts has, `(N,)`."""
    found = np.zeros(len(texts), np.int64)
    for start, grams in blocks_of(texts):
        rows, _, _ = _in_places(grams, buckets)
        counts = np.bincount(rows)
        found[start : start + len(counts)] = counts
    return found


def _in_places(grams: Grams, buckets: int) -> tuple[NDArray, NDArray, NDArray]:
    """Rows, places within them and ids of the different n-grams."""
    half = np.uint64(buckets // 2)
    of_words = FIRST + grams.hashes % (half - np.uint64(FIRST))
    ids = np.where(grams.are_runs, half + grams.hashes % half, of_words).astype(np.int64)
    _, first = np.unique(grams.rows * buckets + ids, return_index=True)
    order = first[np.lexsort((first, grams.rows[first]))]
    rows = grams.rows[order]
    begins = np.searchsorted(rows, rows)
    return rows, np.arange(len(rows)) - begins, ids[order]


def problem_in_bags(said: Any) -> str | None:
    """Why nothing can be encoded by what a preparation says of n-grams; or None."""
    if not isinstance(said, Mapping):
        return "ngrams should be an object with buckets and length"
    for key, least, most in (
        ("buckets", LEAST_BUCKETS, MOST_BUCKETS),
        ("length", 1, MOST_LENGTH),
    ):
        value = said.get(key)
        if type(value) is not int or not least <= value <= most:
            return f"{key} of ngrams should be {least} to {most}, found {value!r:.40}"
    return None
