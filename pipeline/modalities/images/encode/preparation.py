"""Checks the preparation of an untrusted model of images."""

import math
from collections.abc import Mapping
from typing import Any

RESIZE = ("squash", "crop", "pad")
MOST_PIXELS = 1 << 24
"""Limit of a training image; a network needs gigabytes for a larger one."""
LARGEST = 255.0


def problem_in(preparation: Mapping[str, Any]) -> str | None:
    """Why it is not a preparation of images; None if it is."""
    shape = preparation.get("shape")
    if not isinstance(shape, list) or not _is_shape(shape):
        return f"shape should be height, width and 1 or 3 channels, found {shape!r:.60}"
    resize = preparation.get("resize")
    if resize not in RESIZE:
        return f"resize should be one of {', '.join(RESIZE)}, found {resize!r:.60}"
    for key in ("mean", "std"):
        values = preparation.get(key)
        if not isinstance(values, list) or not all(map(_is_value, values)):
            return f"{key} should be numbers from 0 to {LARGEST:g}, found {values!r:.60}"
        if len(values) != shape[2]:
            return f"{key} should have a number for each of {shape[2]} channels, has {len(values)}"
    return None


def _is_shape(shape: list[Any]) -> bool:
    if len(shape) != 3 or any(type(n) is not int for n in shape):
        return False
    height, width, channels = shape
    return min(height, width) > 0 and height * width <= MOST_PIXELS and channels in (1, 3)


def _is_value(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and 0 <= value <= LARGEST
