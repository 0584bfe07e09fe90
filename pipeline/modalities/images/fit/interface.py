"""The names of modalities/protocols/fit.py, for images: their shape, and how bright they are."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.modalities.images.content.arrays import INPUT
from pipeline.modalities.images.content.measurements import ChannelSums
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.fit import Sums

DIGITS = 6  # of mean and standard deviation


def fit(
    index: Mapping[str, Any], tables: Callable[[], Iterable[pa.Table]], settings: Any
) -> Preparation:
    """`shape` as data/raw has it, and `resize` as `settings` have it; no example is read."""
    content = index["content"]
    return {"shape": [*content["image_size"], content["channels"]], "resize": settings.resize}


def sums(inputs: Inputs) -> Sums:
    """Of pixels and their squares, by channel."""
    num_pixels, total, squares = ChannelSums.of(inputs[INPUT])
    return {
        "num_pixels": [num_pixels],
        "total": total.tolist(),
        "squares": squares.tolist(),
    }


def finish(preparation: Preparation, sums: Sums) -> Preparation:
    """With `mean` and `std` of each channel, of pixels from 0 to 255."""
    [num_pixels] = sums["num_pixels"]
    total, squares = (np.array(sums[name], np.int64) for name in ("total", "squares"))
    mean, std = ChannelSums(num_pixels, total, squares).mean_std()
    rounded = {"mean": [round(v, DIGITS) for v in mean], "std": [round(v, DIGITS) for v in std]}
    return {**preparation, **rounded}
