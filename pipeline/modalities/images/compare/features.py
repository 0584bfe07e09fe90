"""Numbers by which images are compared: for profiles and drift, and for what is unlike all others.

They are the measurements, and what is made of them: colour casts, and where an image gets darker.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.prepare.measurements import MEASUREMENTS

COMPARED = [*(m.name for m in MEASUREMENTS if m.compared), "warmth", "greenness"]
"""Features of which a profile has quantiles."""
TEXTURES = ["texture_nw", "texture_ne", "texture_sw", "texture_se"]
FEATURES = COMPARED + TEXTURES

UNUSUAL = 5.0
"""Of measurements, from which an image is flagged: among photos of CIFAR-10 1 in 170, and of noise,
single colours and digits 37 of 45 (benchmarks/outliers.py, n = 1)."""
NEEDED = [*(m.name for m in MEASUREMENTS if m.offset is not None), "red", "green", "blue"]
"""Measurements that `measurement_distances` takes."""


def add_features(table: Any) -> None:
    """Add what is made of the measurements to a table of them, by column.

    `warmth` is red less blue, -1 to 1; `greenness` is green less the mean of both; `texture_nw`
    and so on are the shares of a quarter's areas that are brighter than their right neighbour.
    """
    red, green, blue = (np.asarray(table[name], np.float64) for name in ("red", "green", "blue"))
    table["warmth"] = red - blue
    table["greenness"] = green - (red + blue) / 2
    hashes = np.asarray(table["dhash"], np.uint64)
    for name, mask in zip(TEXTURES, _quarters(), strict=True):
        table[name] = np.bitwise_count(hashes & mask) / 16


def patterns(table: Any) -> NDArray[np.float64]:
    """Numbers that tell pictures apart, `(N, 64 + F)`: bits of the hash, and FEATURES."""
    hashes = np.asarray(table["dhash"], np.uint64).astype(">u8").view(np.uint8)
    features = [np.asarray(table[name], np.float64) for name in FEATURES]
    bits = np.unpackbits(hashes.reshape(-1, 8), axis=1)
    return np.column_stack([bits, *features])


def measurement_distances(measured: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """How unusual the measurements with an offset and the colour of each image are, `(N,)`.

    Mahalanobis distances (1936) from the median; see UNUSUAL. `measured` has NEEDED, each `(N,)`.
    """
    values = np.stack(
        [
            *(
                np.log(measured[m.name] + m.offset) if m.offset else measured[m.name]
                for m in MEASUREMENTS
                if m.offset is not None
            ),
            measured["red"] - measured["green"],
            measured["blue"] - measured["green"],
        ],
        axis=1,
    ).astype(np.float64)
    if len(values) < 2:
        return np.zeros(len(values))
    away = values - np.median(values, axis=0)
    covariance = np.cov(values.T)  # that of grey images has no inverse
    inside = np.einsum("ni,ij,nj->n", away, np.linalg.pinv(covariance, hermitian=True), away)
    distances: NDArray[np.float64] = np.sqrt(inside.clip(0))
    return distances


def _quarters() -> list[np.uint64]:
    """Masks of the 8 x 8 bits of a hash, the first of which is the highest."""
    masks = []
    for top in (0, 4):
        for left in (0, 4):
            bits = np.zeros((8, 8), np.uint8)
            bits[top : top + 4, left : left + 4] = 1
            masks.append(np.packbits(bits.ravel()).view(">u8").astype(np.uint64)[0])
    return masks
