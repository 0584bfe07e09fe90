"""Features of images, for profiles and drift.

They are the measurements, and features derived from them: colour casts, and where an image darkens.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.modalities.images.content.measurements import MEASUREMENTS

COMPARED = [*(m.name for m in MEASUREMENTS if m.compared), "warmth", "greenness"]
"""Features whose quantiles a profile has."""
TEXTURES = ["texture_nw", "texture_ne", "texture_sw", "texture_se"]
FEATURES = COMPARED + TEXTURES


def add_features(table: Any) -> None:
    """Add features derived from the measurements to a table of them, by column.

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
    """Numbers for the label signal, `(N, 64 + F)`: bits of the hash, and FEATURES."""
    hashes = np.asarray(table["dhash"], np.uint64).astype(">u8").view(np.uint8)
    features = [np.asarray(table[name], np.float64) for name in FEATURES]
    bits = np.unpackbits(hashes.reshape(-1, 8), axis=1)
    return np.column_stack([bits, *features])


def _quarters() -> list[np.uint64]:
    """Masks of the 8 x 8 bits of a hash; the first bit is the highest."""
    masks = []
    for top in (0, 4):
        for left in (0, 4):
            bits = np.zeros((8, 8), np.uint8)
            bits[top : top + 4, left : left + 4] = 1
            masks.append(np.packbits(bits.ravel()).view(">u8").astype(np.uint64)[0])
    return masks
