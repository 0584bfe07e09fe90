"""The names of modalities/protocols/encode.py, for images.

A preparation has `shape` (height, width and channels) and `resize`, how an image of another shape
is fitted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.dataset.arrays import Keys
from pipeline.dataset.shards.column import INPUT, ShardColumn
from pipeline.modalities.images.encode.pixels import Shape, decode_all
from pipeline.modalities.images.encode.preparation import problem_in
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.protocols.encode import Inputs, Preparation

__all__ = ["CONTENT", "columns", "encode", "problem_in", "vary"]

CONTENT = ("image",)


def columns(preparation: Preparation) -> list[ShardColumn]:
    return [ShardColumn(INPUT, "uint8", _shape(preparation))]


def encode(contents: Mapping[str, Sequence[Any]], preparation: Preparation) -> Inputs:
    """Decode pixels; black for None."""
    return {INPUT: decode_all(contents["image"], _shape(preparation), preparation["resize"])}


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    """Augment by `settings.transforms`; see transforms/augment.py."""
    images = augment(inputs[INPUT], keys, copy, transforms=settings.transforms, seed=seed)
    return {INPUT: images}


def _shape(preparation: Preparation) -> Shape:
    height, width, channels = preparation["shape"]
    return height, width, channels
