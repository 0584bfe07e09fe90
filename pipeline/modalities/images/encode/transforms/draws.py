"""Random numbers for the images of a batch: a function of `(seed, id, copy)` and what they are for.

No batch, order or worker has a part in them; see dataset/randomness.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.randomness import uniform


@dataclass(frozen=True)
class Draws:
    """Gives one number for each image, independent between the names that it is asked for."""

    keys: NDArray[np.uint64]
    """Of the images' ids."""
    seed: int
    copy: int
    position: int
    """Of the transform among those of the run, so that one used twice draws twice."""

    def uniform(self, name: str) -> NDArray[np.float64]:
        """In [0, 1)."""
        return uniform(self.keys, self.seed, f"augment:{self.copy}:{self.position}:{name}")

    def uniform_for_all_copies(self, name: str) -> NDArray[np.float64]:
        """In [0, 1), the same number in every copy of an image."""
        return uniform(self.keys, self.seed, f"augment:{self.position}:{name}")

    def below(self, name: str, most: int) -> NDArray[np.intp]:
        """One of 0, 1, … most - 1."""
        return (self.uniform(name) * most).astype(np.intp)

    def around(self, name: str, center: float, most: float) -> NDArray[np.float64]:
        """In `[center - most, center + most)`."""
        return center + most * (2 * self.uniform(name) - 1)
