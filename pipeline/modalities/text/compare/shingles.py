"""Runs of five characters of folded texts, by which near copies are found."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.text.content.folding import bare
from pipeline.modalities.text.content.ngrams import mix

LENGTH = 5
BASE = np.uint64(0x9E3779B97F4A7C15 | 1)
TEXTS_AT_ONCE = 4096


class Shingles(NamedTuple):
    """Different shingles of N texts, one text behind the other, sorted within each."""

    hashes: NDArray[np.uint32]
    """`(M,)`."""
    starts: NDArray[np.int64]
    """Where those of each text begin, and the end, `(N + 1,)`."""

    def of(self, row: int) -> NDArray[np.uint32]:
        return self.hashes[self.starts[row] : self.starts[row + 1]]


def shingles_of(texts: Sequence[str]) -> Shingles:
    """A text of fewer characters has one, itself; an empty one has none."""
    hashes, counts = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        some, number = _block([bare(text) for text in texts[start : start + TEXTS_AT_ONCE]])
        hashes.append(some)
        counts.append(number)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
    return Shingles(np.concatenate(hashes), starts)


def _block(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    padded = [text.ljust(LENGTH, "\0") if text else "" for text in texts]
    joined = "".join(padded).encode("utf-32-le", "surrogatepass")
    characters = np.frombuffer(joined, "<u4").astype(np.uint64)
    lengths = np.fromiter((len(text) for text in padded), np.int64, len(padded))
    if len(characters) < LENGTH:
        return np.zeros(0, np.uint32), np.zeros(len(texts), np.int64)
    num = len(characters) - LENGTH + 1
    values = np.zeros(num, np.uint64)
    with np.errstate(over="ignore"):
        for place in range(LENGTH):
            values = values * BASE + characters[place : place + num]
    row_of = np.repeat(np.arange(len(texts)), lengths)
    whole = row_of[:num] == row_of[LENGTH - 1 :]
    hashed = mix(values[whole]) >> np.uint64(32)
    keys = np.unique((row_of[:num][whole].astype(np.uint64) << np.uint64(32)) | hashed)
    counts = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(texts))
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32), counts
