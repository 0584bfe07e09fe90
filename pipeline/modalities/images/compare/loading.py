"""Loads the pixels of an example table in one shape, for comparison and the label check."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.dataset.table import read_index, read_tables
from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.encode.pixels import Shape, decode_all
from pipeline.runtime.process import map_ordered

IMAGES_PER_TASK = 2048

CHECK_MAX_SIDE = 64  # pixels; larger images are reduced, to save time and memory


def comparison_shape(index: Mapping[str, Any]) -> Shape:
    """The shape of images in comparisons and in the label check.

    Args:
        index: that of data/raw or data/clean.
    """
    content = index["content"]
    height, width = (max(2, min(side, CHECK_MAX_SIDE)) for side in content["image_size"])
    return height, width, content["channels"]


def load(folder: Path, index: Mapping[str, Any]) -> Images:
    """Load the pixels of every row of an example table, for comparison."""
    return load_pixels(folder, comparison_shape(index), "squash")


def load_pixels(folder: Path, shape: Shape, policy: str) -> Images:
    """Load the pixels of every row of an example table, `(N, H, W, C)`; black without an image."""
    images = np.zeros((read_index(folder)["examples"], *shape), np.uint8)
    at = 0
    for part in map_ordered(partial(decode_all, shape=shape, policy=policy), _encoded(folder)):
        images[at : at + len(part)] = part
        at += len(part)
    return images


def _encoded(folder: Path) -> Iterator[list[bytes | None]]:
    for table in read_tables(folder, ["image"]):
        for start in range(0, table.num_rows, IMAGES_PER_TASK):
            yield table["image"].slice(start, IMAGES_PER_TASK).to_pylist()
