"""Words, pairs of words and runs of characters of texts, hashed to numbers of 64 bits.

Personal values count as what they are, `<email>` and so on, whether or not they were replaced: so a
model answers the same for both. A word is letters, digits and marks in a row; characters of scripts
that put no blanks between words, and signs, are words by themselves. Runs of characters reach to
the blank before and behind a word (Bojanowski et al. 2017, arXiv 1607.04606), and stay in it.

All texts of a block are hashed at once: a word is a polynomial over its characters, modulo 2^64,
whose value for any part of an array follows from sums up to its ends.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.text.content.folding import folded
from pipeline.modalities.text.content.personal import KINDS, redacted

Hashes = NDArray[np.uint64]
Codes = NDArray[np.int64]

CHARACTERS = (2, 3, 4, 5)
"""Lengths of the runs."""
BASE = 0x9E3779B97F4A7C15 | 1
INVERSE = pow(BASE, -1, 1 << 64)
TEXTS_AT_ONCE = 512
SPACE, WORD, SINGLE, SIGN = range(4)
"""Kinds of characters."""
MOST_CHARACTERS = 20_000
"""The characters of a text that are read; what comes after them counts for nothing."""
UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3005, 0x3007),
    (0x3040, 0x312F), (0x31A0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0xA4CF), (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F), (0x1B000, 0x1B16F), (0x20000, 0x323AF),
)  # fmt: skip
"""Scripts without blanks between words: Thai and Lao, Myanmar, Khmer, Han, Kana, Yi."""


class Grams(NamedTuple):
    """N-grams of some texts, M of one kind behind the other, each in the order of the texts."""

    rows: Codes
    """The text that each belongs to, `(M,)`."""
    hashes: Hashes
    are_runs: NDArray[np.bool_]
    """Whether each is a run of characters."""


def prepared(text: str) -> str:
    """A text as it is cut into n-grams."""
    return folded(redacted(text[:MOST_CHARACTERS], KINDS)[0])


def blocks_of(texts: Sequence[str | None]) -> Iterator[tuple[int, Grams]]:
    """N-grams of TEXTS_AT_ONCE texts at a time, with the number of the first; None has none."""
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        some = texts[start : start + TEXTS_AT_ONCE]
        yield start, grams_of([prepared(text) if text else "" for text in some])


def grams_of(texts: Sequence[str]) -> Grams:
    """N-grams of prepared texts."""
    joined = " ".join(["", *texts, ""])
    characters = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    row_of = np.repeat(np.arange(len(texts)), lengths + 1)
    row_of = np.concatenate([[0], row_of]) if len(texts) else np.zeros(2, np.int64)
    kinds = kinds_of(characters)
    mixed = mix(characters.astype(np.uint64))
    starts, ends = _words(kinds)
    words = _segments(mixed, starts, ends)
    of_word = row_of[starts]
    follows = of_word[1:] == of_word[:-1]
    pairs = mix(words[:-1] * np.uint64(BASE) + words[1:] + np.uint64(1))[follows]
    parts = [(of_word, mix(words)), (of_word[:-1][follows], pairs)]
    num_words = len(words) + len(pairs)
    parts += [_runs(mixed, kinds, row_of, length) for length in CHARACTERS]
    rows, hashes = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Grams(rows, hashes, np.arange(len(rows)) >= num_words)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Begin and end of each word of a text; signs are no words."""
    codes = np.array([0x20, *map(ord, text), 0x20], np.int64)
    kinds = kinds_of(codes)
    starts, ends = _words(kinds)
    are_words = kinds[starts] != SIGN
    return list(zip((starts[are_words] - 1).tolist(), (ends[are_words] - 1).tolist(), strict=True))


def kinds_of(characters: Codes) -> Codes:
    """The kind of each character."""
    different, places = np.unique(characters, return_inverse=True)
    return np.fromiter(map(_kind, different.tolist()), np.int64, len(different))[places]


@lru_cache(maxsize=1 << 16)
def _kind(code: int) -> int:
    category = unicodedata.category(chr(code))
    if category[0] in "ZC":
        return SPACE
    if any(first <= code <= last for first, last in UNSPACED):
        return SINGLE
    return WORD if category[0] in "LNM" else SIGN


def _words(kinds: Codes) -> tuple[Codes, Codes]:
    """Where words begin and end. The first and the last character are blanks."""
    alone = (kinds == SINGLE) | (kinds == SIGN)
    is_word = kinds == WORD
    starts = np.flatnonzero(alone | (is_word & ~np.roll(is_word, 1)))
    ends = np.flatnonzero(alone | (is_word & ~np.roll(is_word, -1))) + 1
    return starts, ends


def _segments(mixed: Hashes, starts: Codes, ends: Codes) -> Hashes:
    """A number for the characters `[start, end)`."""
    with np.errstate(over="ignore"):
        powers = _powers(BASE, len(mixed))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * powers, dtype=np.uint64)])
        inverses = _powers(INVERSE, len(mixed))
        found: Hashes = (sums[ends] - sums[starts]) * inverses[starts]
    return found


def _powers(base: int, num: int) -> Hashes:
    factors = np.full(max(num, 1), base, np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)[:num]


def _runs(mixed: Hashes, kinds: Codes, row_of: Codes, length: int) -> tuple[Codes, Hashes]:
    """Runs of so many characters with a blank at one end at most: between two it is a word."""
    num = len(mixed) - length + 1
    if num <= 0:
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    is_space = kinds == SPACE
    inside = np.zeros(num, bool)
    for place in range(1, length - 1):
        inside |= is_space[place : place + num]
    first, last = is_space[:num], is_space[length - 1 :]
    is_run = ~inside & ~(first & last if length > 2 else first | last)
    hashes = np.full(num, length, np.uint64)
    with np.errstate(over="ignore"):
        for place in range(length):
            hashes = hashes * np.uint64(BASE) + mixed[place : place + num]
    # A run that begins with a blank is of the text behind it.
    return row_of[1 : 1 + num][is_run], mix(hashes[is_run])


def mix(values: Hashes) -> Hashes:
    """splitmix64 (Steele et al. 2014), as a hash of each value."""
    with np.errstate(over="ignore"):
        z = values + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found: Hashes = z ^ (z >> np.uint64(31))
    return found
