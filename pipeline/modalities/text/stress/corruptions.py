"""Texts with mistakes in them, as people make and programs leave them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.dataset.arrays import Keys

TYPOS, CASE, PUNCTUATION, CUT = "typos", "case", "punctuation", "cut"
TYPO_SHARES = {1: 0.02, 2: 0.05, 3: 0.1}
"""The share of letters that are changed, by strength."""
KEPT_SHARES = {1: 0.7, 2: 0.5, 3: 0.3}
"""The share of characters that is kept, from the beginning, by strength."""
VARIANTS = [
    *((TYPOS, strength) for strength in TYPO_SHARES),
    (CASE, 1),
    (PUNCTUATION, 1),
    *((CUT, strength) for strength in KEPT_SHARES),
]


def corrupted(
    texts: Sequence[str | None], keys: Keys, name: str, strength: int
) -> list[str | None]:
    """N texts in one of VARIANTS; each depends on its own key alone."""
    change = _CHANGES[name]
    return [
        text and change(text, strength, key) for text, key in zip(texts, keys.tolist(), strict=True)
    ]


def _typos(text: str, strength: int, key: int) -> str:
    """Letters left out, doubled, replaced by another of the text, or swapped with the next."""
    draw = np.random.Generator(np.random.PCG64([key, strength]))
    letters = [place for place, character in enumerate(text) if character.isalpha()]
    if not letters:
        return text
    hit = {
        letters[place]: int(draw.integers(4))
        for place in np.flatnonzero(draw.random(len(letters)) < TYPO_SHARES[strength]).tolist()
    }
    found: list[str] = []
    place = 0
    while place < len(text):
        character, kind = text[place], hit.get(place)
        if kind == 1:
            found.append(character * 2)
        elif kind == 2:
            found.append(text[letters[int(draw.integers(len(letters)))]])
        elif kind == 3 and place + 1 < len(text):
            found += [text[place + 1], character]
            place += 1
        elif kind is None or kind == 3:
            found.append(character)
        place += 1
    return "".join(found)


def _case(text: str, strength: int, key: int) -> str:
    return text.upper()


def _punctuation(text: str, strength: int, key: int) -> str:
    return "".join(c for c in text if c.isalnum() or c.isspace() or not c.isascii()) or text


def _cut(text: str, strength: int, key: int) -> str:
    return text[: max(1, round(KEPT_SHARES[strength] * len(text)))]


_CHANGES: dict[str, Callable[[str, int, int], Any]] = {
    TYPOS: _typos,
    CASE: _case,
    PUNCTUATION: _punctuation,
    CUT: _cut,
}
