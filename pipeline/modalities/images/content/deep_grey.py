"""Scales grey of 16 bits a pixel to 8, and estimates the levels that are left."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content.refusals import UnreadableImage

STEP = 1024  # ranges are rounded to it, so that images of one camera share one
FEW_LEVELS = 4  # of 256; with fewer there is nothing to learn
NOISE = 16  # values; an image with a smaller range is blank
WIDE = 100 * 257  # values, which leave 100 grey levels


class Range(NamedTuple):
    """Values that become 0 and 255."""

    low: int
    high: int


FULL = Range(0, 65535)


def to_8_bits(values: NDArray, scale: Range) -> NDArray[np.uint8]:
    """Scale values, linearly and rounded; values outside of the range become 0 or 255."""
    span = scale.high - scale.low
    above = values.astype(np.int64).clip(*scale) - scale.low
    return ((above * 510 + span) // (2 * span)).astype(np.uint8)


def used_range(values: NDArray) -> Range:
    """The range that an image uses, rounded outwards: as many bits, or to STEP above a low."""
    low, high = int(values.min()), int(values.max())
    if low <= high // 2:
        return Range(0, (1 << max(high.bit_length(), 1)) - 1)
    return Range(low // STEP * STEP, min(high // STEP * STEP + STEP - 1, FULL.high))


def refuse_few_levels(values: NDArray) -> None:
    """Refuse an image that would only become blank by scaling from 0 to 65535.

    Raises:
        UnreadableImage: names the key of the entry that keeps its content.
    """
    span = int(values.max()) - int(values.min())
    if span >= NOISE and span * 255 < FEW_LEVELS * FULL.high:
        low, high = used_range(values)
        raise UnreadableImage(
            f"16 bits a pixel, of which values from {low} to {high} are used: fewer than "
            f"{FEW_LEVELS} of 256 grey levels would be left; `range_16bit: [{low}, {high}]` in the "
            "catalog entry keeps them"
        )


def levels_left(used: Range) -> int:
    """Number of grey levels of a range when 65535 becomes 255."""
    return round((used.high - used.low) * 255 / FULL.high)


def mode_with_range(mode: str, used: Range) -> str:
    """Pillow's mode, with the range if little of 16 bits is used: `I;16 0-4095`."""
    return mode if used.high - used.low >= WIDE else f"{mode} {used.low}-{used.high}"


def range_in_mode(mode: str) -> tuple[str, Range | None]:
    """Split the result of `mode_with_range` into mode and range."""
    plain, _, used = mode.partition(" ")
    low, dash, high = used.partition("-")
    return plain, Range(int(low), int(high)) if dash else None
