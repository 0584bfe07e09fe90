"""The names of modalities/protocols/encode.py, for texts: hashed n-grams, and word pieces."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dataset.arrays import Keys
from pipeline.dataset.shards.column import ShardColumn
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.text.encode.bags import NGRAMS, bags_of, problem_in_bags
from pipeline.modalities.text.encode.leaving_out import left_out
from pipeline.modalities.text.encode.paraphrases import versions_brought
from pipeline.modalities.text.encode.pieces import PIECES, pieces_of, problem_in_pieces

__all__ = ["columns", "encode", "parts_left_out", "problem_in", "vary", "versions_brought"]

CONTENT = ("text",)
ENCODINGS = {NGRAMS: bags_of, PIECES: pieces_of}
PROBLEMS = {NGRAMS: problem_in_bags, PIECES: problem_in_pieces}


def columns(preparation: Preparation) -> list[ShardColumn]:
    return [ShardColumn(n, "int32", (preparation[n]["length"],)) for n in _there(preparation)]


def problem_in(preparation: Mapping[str, Any]) -> str | None:
    there = _there(preparation)
    if not there:
        return f"there should be {' or '.join(ENCODINGS)}"
    return next((said for name in there if (said := PROBLEMS[name](preparation[name]))), None)


def encode(contents: Mapping[str, Sequence[Any]], preparation: Preparation) -> Inputs:
    texts = contents["text"]
    return {name: ENCODINGS[name](texts, preparation[name]) for name in _there(preparation)}


def parts_left_out(content: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """A content without each of its words and pairs of words, by these."""
    return [(part, {"text": rest}) for part, rest in left_out(content["text"] or "").items()]


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    """Return the inputs unchanged: nothing was found that helps (docs/text.md). Paraphrases that
    people bring come by `versions_brought`."""
    return inputs


def _there(preparation: Mapping[str, Any]) -> list[str]:
    return [name for name in ENCODINGS if name in preparation]
