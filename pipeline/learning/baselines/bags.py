"""Bags of ids as features of a linear baseline: tf-idf of the most frequent, learnt on train."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64

BAG = "ngrams"
"""The name of a column of ids, whose place says nothing; 0 is none. Other columns do not count
beside it."""
MAX_IDS = 10_000
LENGTH = 5.0
"""The length of each row, so that the penalties of a baseline suit it."""

Inputs = Mapping[str, NDArray]


@dataclass(frozen=True)
class BagFeatures:
    """How features are made of bags."""

    ids: NDArray[np.int64]
    """Ids that are kept, ascending, `(F,)`."""
    idf: Float64
    """Weights of these: ln((1 + N) / (1 + n)) + 1 of an id that n of N examples have, `(F,)`."""

    @classmethod
    def of(cls, inputs: Inputs) -> "BagFeatures":
        """Learn from the inputs of training examples, at least one."""
        bags = inputs[BAG]
        counts = np.bincount(bags.ravel())
        counts[0] = 0
        most = np.argsort(-counts, kind="stable")[:MAX_IDS]
        ids = np.sort(most[counts[most] > 0])
        return cls(ids, np.log((1 + len(bags)) / (1 + counts[ids])) + 1)

    def __call__(self, inputs: Inputs) -> Any:
        """Features of N examples, sparse, `(N, F)`."""
        bags = inputs[BAG]
        if not len(self.ids):
            return sparse.csr_matrix((len(bags), 0))
        rows, places = np.nonzero(bags)
        found = bags[rows, places]
        columns = np.searchsorted(self.ids, found).clip(max=len(self.ids) - 1)
        known = self.ids[columns] == found
        rows, columns = rows[known], columns[known]
        values = self.idf[columns]
        length = np.sqrt(np.bincount(rows, values**2, len(bags))).clip(1e-12)
        values = LENGTH * values / length[rows]
        return sparse.csr_matrix((values, (rows, columns)), shape=(len(bags), len(self.ids)))

    def arrays(self) -> dict[str, NDArray]:
        """All of it, by name; `from_arrays` brings it back."""
        return {"ids": self.ids, "idf": self.idf}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> "BagFeatures":
        return cls(arrays["ids"], arrays["idf"])
