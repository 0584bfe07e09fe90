"""Random numbers for the images of a batch: a function of `(seed, id, copy)` and their purpose.

They do not depend on batch, order or worker; see dataset/randomness.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.randomness import uniform


@dataclass(frozen=True)
class Draws:
    """Draws a number for each image, independent between names."""

    keys: NDArray[np.uint64]
    """Keys of the images' ids."""
    seed: int
    copy: int
    position: int
    """Position of the transform in the list, so that one used twice draws twice."""

    def uniform(self, name: str) -> NDArray[np.float64]:
        """Draw from [0, 1)."""
        return uniform(self.keys, self.seed, f"augment:{self.copy}:{self.position}:{name}")

    def uniform_for_all_copies(self, name: str) -> NDArray[np.float64]:
        """Draw from [0, 1), the same number in every copy of an image."""
        return uniform(self.keys, self.seed, f"augment:{self.position}:{name}")

    def below(self, name: str, most: int) -> NDArray[np.intp]:
        """Draw one of 0, 1, … most - 1."""
        return (self.uniform(name) * most).astype(np.intp)

    def around(self, name: str, center: float, most: float) -> NDArray[np.float64]:
        """Draw from `[center - most, center + most)`."""
        return center + most * (2 * self.uniform(name) - 1)
