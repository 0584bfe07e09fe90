"""Accuracy on corrupted copies of test images; see modalities/images/corruptions.py."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.randomness import id_keys, uniform
from pipeline.evaluate.bootstrap import Owners, share_interval
from pipeline.modalities.images.arrays import Images
from pipeline.modalities.images.corruptions import CORRUPTIONS, STRENGTHS, corrupt

Classify = Callable[[Images], NDArray[np.int64]]
"""Says the class of each of the images `(N, H, W, C)`, `(N,)`."""


class Corrupted(NamedTuple):
    """The accuracy under one corruption, with a 95 % interval."""

    corruption: str
    """`none` for the original images."""
    strength: int
    """1, 3 or 5; 0 for none."""
    accuracy: float
    low: float
    high: float


def choose(ids: Sequence[str], most: int) -> NDArray[np.int64]:
    """Rows of up to `most` examples, in order, chosen by a hash of their ids."""
    draw = uniform(id_keys(ids), 0, "corrupted examples")
    return np.sort(np.argsort(draw, kind="stable")[:most]).astype(np.int64)


def robustness(
    classify: Classify,
    images: Images,
    labels: NDArray[np.int64],
    ids: Sequence[str],
    owners: Owners | None = None,
) -> list[Corrupted]:
    """The original images, then those under each corruption at each strength."""
    keys = id_keys(ids)

    def row(name: str, strength: int, seen: Images) -> Corrupted:
        right = classify(seen) == labels
        return Corrupted(name, strength, float(right.mean()), *share_interval(right, owners))

    rows = [row("none", 0, images)]
    for name in CORRUPTIONS:
        rows += [row(name, s, corrupt(images, keys, name, s)) for s in STRENGTHS]
    return rows


def mean_accuracy(rows: Sequence[Corrupted]) -> float:
    """Over all corruptions and strengths, each counting alike."""
    return float(np.mean([row.accuracy for row in rows if row.strength]))
