"""Balances augmented copies: examples of rare classes are repeated, those of others left out.

Every copy keeps as many rows as there are originals, so that an epoch costs the same; only its
mix of classes changes. If a class gets fewer rows than it has examples, they take turns over the
copies. Nothing is random. Copy 0 is not balanced: it has the originals.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.targets.classes.labels.encoding import encode, num_outputs
from pipeline.targets.protocols.labels import TargetIndex, Times

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Balance:
    """Sizes and quotas of the classes of the training examples, `(K,)` each."""

    sizes: Counts
    """Examples of each class."""
    quotas: Counts
    """Rows of each class in an augmented copy; their sum is that of the sizes."""

    def times(self, labels: NDArray[np.int32], ranks: Counts, copies: int) -> Counts:
        """Number of rows of each example in each copy, `(copies, N)`.

        `ranks` count the examples of a class, from 0. Over any consecutive copies, two examples of
        one class are used equally often or differ by one.
        """
        size, quota = self.sizes[labels], self.quotas[labels]
        turn = ranks + np.arange(copies)[:, None]
        times = turn * quota // size - (turn - 1) * quota // size
        times[0] = 1
        return times


@dataclass
class Turns:
    """Balances examples run by run, and counts those of each class."""

    balance: Balance
    seen: Counts = field(init=False)

    def __post_init__(self) -> None:
        self.seen = np.zeros_like(self.balance.sizes)

    def times(self, y: NDArray[np.int32], copies: int) -> Counts:
        """Number of rows of each example of the next run in each copy, `(copies, N)`."""
        times = self.balance.times(y, self._ranks(y), copies)
        self.seen += np.bincount(y, minlength=len(self.seen))
        return times

    def _ranks(self, y: NDArray[np.int32]) -> Counts:
        """The number of each example among those of its class."""
        ranks = np.empty(len(y), np.int64)
        for code in np.unique(y):
            rows = np.flatnonzero(y == code)
            ranks[rows] = self.seen[code] + np.arange(len(rows))
        return ranks


def balance(values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> Times:
    """Balance by `settings.balance`: `none`, `sqrt` or `full`, see `make_balance`."""
    return Turns(make_balance(encode(values, index), num_outputs(index), settings.balance)).times


def make_balance(
    labels: Sequence[int] | NDArray[np.int32], num_classes: int, balance: str
) -> Balance:
    """Set the rows of each class: as many as its examples (`none`), in proportion to their square
    root (`sqrt`), or the same for all (`full`); a class without examples has none."""
    sizes = np.bincount(np.asarray(labels, np.int64), minlength=num_classes)
    weights = {"none": sizes, "sqrt": np.sqrt(sizes), "full": np.sign(sizes)}[balance]
    shares = weights * (sizes.sum() / max(weights.sum(), 1))
    quotas = np.floor(shares).astype(np.int64)
    # Rows left by rounding go to the largest remainders, of equal ones to the first class.
    missing = int(sizes.sum() - quotas.sum())
    quotas[np.argsort(quotas - shares, kind="stable")[:missing]] += 1
    return Balance(sizes, quotas)
