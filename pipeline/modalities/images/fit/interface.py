"""The names of modalities/protocols/fit.py, for images: shape, and moments of channels."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.shards.column import INPUT
from pipeline.modalities.images.content.measurements import ChannelSums
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.fit import Sums

DIGITS = 6  # of mean and standard deviation


def fit(
    index: Mapping[str, Any], tables: Callable[[], Iterable[pa.Table]], settings: Any
) -> Preparation:
    """Take `shape` and `options` from the index, `resize` from `settings`; no example is read."""
    content = index["content"]
    options = {"options": content["options"]} if "options" in content else {}
    shape = [*content["image_size"], content["channels"]]
    return {"shape": shape, "resize": settings.resize, **options}


def sums(inputs: Inputs) -> Sums:
    """Sums of pixels and their squares, by channel."""
    num_pixels, total, squares = ChannelSums.of(inputs[INPUT])
    return {
        "num_pixels": [num_pixels],
        "total": total.tolist(),
        "squares": squares.tolist(),
    }


def finish(preparation: Preparation, sums: Sums) -> Preparation:
    """Add `mean` and `std` of each channel, of pixels from 0 to 255."""
    [num_pixels] = sums["num_pixels"]
    total, squares = (np.array(sums[name], np.int64) for name in ("total", "squares"))
    mean, std = ChannelSums(num_pixels, total, squares).mean_std()
    rounded = {"mean": [round(v, DIGITS) for v in mean], "std": [round(v, DIGITS) for v in std]}
    return {**preparation, **rounded}
