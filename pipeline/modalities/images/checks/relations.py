"""Rules that compare images with each other, by look and by size."""

from typing import Any

import numpy as np

from pipeline.dataset.expectations.relations import add_repeats
from pipeline.dataset.expectations.rules import each

USUAL_SIZE_SHARE = 0.9  # share of images of one size from which other sizes are odd
LOOK_STEPS = 32  # of brightness and contrast, in which images that look alike agree
MAX_LOOKS_REPEATED = 0.03  # of the 8 x 8 digits, half a per cent look like another one
MAX_LOOKS_LEAKED = 0.03

ACROSS_SPLITS = [
    each(
        "hardly an image looks like one in another split",
        "look_leaked",
        False,
        "warning",
        mostly=1 - MAX_LOOKS_LEAKED,
    )
]
AMONG_EXAMPLES = [
    each(
        "few images look alike",
        "look_repeated",
        False,
        "warning",
        mostly=1 - MAX_LOOKS_REPEATED,
    ),
    each("no image is of another size than nearly all", "odd_size", False, "warning"),
]


def add_relations(rows: Any) -> None:
    """Add relations between images, as truth values.

    look_repeated: an earlier row has an image that looks alike (same difference hash, brightness
    and contrast); look_leaked: a row in another split has one. odd_size: nearly all are of
    another size.
    """
    steps = [
        (rows[n].to_numpy(np.float64) * LOOK_STEPS).astype(np.uint64)
        for n in ("brightness", "contrast")
    ]
    looks = rows["dhash"].to_numpy(np.uint64)
    for step in steps:
        looks = (looks ^ step) * np.uint64(0x9E3779B97F4A7C15)
    add_repeats(rows, "look_", looks)
    sizes = rows["height"].to_numpy(np.int64) * 2**32 + rows["width"].to_numpy(np.int64)
    names, counts = np.unique(sizes, return_counts=True)
    nearly_all = counts.max() >= USUAL_SIZE_SHARE * len(rows)
    rows["odd_size"] = (sizes != names[counts.argmax()]) & nearly_all
