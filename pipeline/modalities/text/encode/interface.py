"""The names of modalities/protocols/encode.py, for texts: hashed n-grams, and word pieces."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dataset.arrays import Keys
from pipeline.dataset.shards.column import ShardColumn
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.text.encode.bags import NGRAMS, bags_of, problem_in_bags

__all__ = ["columns", "encode", "problem_in", "vary"]

CONTENT = ("text",)


def columns(preparation: Preparation) -> list[ShardColumn]:
    return [ShardColumn(NGRAMS, "int32", (preparation[NGRAMS]["length"],))]


def problem_in(preparation: Mapping[str, Any]) -> str | None:
    return problem_in_bags(preparation.get(NGRAMS))


def encode(contents: Mapping[str, Sequence[Any]], preparation: Preparation) -> Inputs:
    return {NGRAMS: bags_of(contents["text"], preparation[NGRAMS])}


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    """Texts are not varied: nothing was found that helps (docs/text.md)."""
    return inputs
