"""Texts without one of their words, or without two words side by side.

The change of the answer shows which words decided (occlusion, Zeiler & Fergus 2014, arXiv
1311.2901). It works for any network, since the text itself is changed.
"""

from collections.abc import Mapping
from itertools import pairwise

from pipeline.modalities.text.content.folding import folded
from pipeline.modalities.text.content.ngrams import word_spans

MOST_WORDS = 200
"""The most different words of a text, from its beginning, and as many pairs."""

Spans = list[tuple[int, int]]


def left_out(text: str) -> dict[str, str]:
    """The text without all occurrences of a word or pair, by the first occurrence.

    Words that differ in case alone are one word.
    """
    spans = word_spans(text)
    words = _by_reading(text, spans)
    beside = [
        (start, end)
        for (start, first_end), (second_start, end) in pairwise(spans)
        if not text[first_end:second_start].strip()
    ]
    pairs = _by_reading(text, beside)
    return {
        text[found[0][0] : found[0][1]]: _without(text, found)
        for of_kind in (words, pairs)
        for found in list(of_kind.values())[:MOST_WORDS]
    }


def _by_reading(text: str, spans: Spans) -> Mapping[str, Spans]:
    found: dict[str, Spans] = {}
    for start, end in spans:
        found.setdefault(folded(text[start:end]), []).append((start, end))
    return found


def _without(text: str, spans: Spans) -> str:
    kept, place = [], 0
    for start, end in spans:
        kept.append(text[place:start])
        place = max(place, end)
    return "".join([*kept, text[place:]])
