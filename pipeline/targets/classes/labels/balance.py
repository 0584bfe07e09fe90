"""How often each training example stands in an augmented copy: rare classes more, others less.

Every copy keeps as many rows as there are originals, so that an epoch costs the same; only its
mix of classes changes. Where a class gets fewer rows than it has examples, they take turns over
the copies. Nothing is random. Copy 0 is not balanced: it is the originals.
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
    """Of the classes of the training examples, shape `(K,)` each."""

    sizes: Counts
    """Examples of each class."""
    quotas: Counts
    """Rows of each class in an augmented copy; their sum is that of the sizes."""

    def times(self, labels: NDArray[np.int32], ranks: Counts, copies: int) -> Counts:
        """How often each example stands in each copy, shape `(copies, N)`.

        `ranks` count the examples of a class, from 0. Over any copies in a row, two examples of
        one class are used equally often or differ by one.
        """
        size, quota = self.sizes[labels], self.quotas[labels]
        turn = ranks + np.arange(copies)[:, None]
        times = turn * quota // size - (turn - 1) * quota // size
        times[0] = 1
        return times


@dataclass
class Turns:
    """Balance of examples that come run by run: counts the examples of each class."""

    balance: Balance
    seen: Counts = field(init=False)

    def __post_init__(self) -> None:
        self.seen = np.zeros_like(self.balance.sizes)

    def times(self, y: NDArray[np.int32], copies: int) -> Counts:
        """How often each example of the next run stands in each copy, shape `(copies, N)`."""
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
    """By `settings.balance`: `none`, `sqrt` or `full`, see `make_balance`."""
    return Turns(make_balance(encode(values, index), num_outputs(index), settings.balance)).times


def make_balance(
    labels: Sequence[int] | NDArray[np.int32], num_classes: int, balance: str
) -> Balance:
    """Rows for each class: as many as it has examples (`none`), in proportion to the root of that
    (`sqrt`), or the same for all (`full`); a class without examples has none."""
    sizes = np.bincount(np.asarray(labels, np.int64), minlength=num_classes)
    weights = {"none": sizes, "sqrt": np.sqrt(sizes), "full": np.sign(sizes)}[balance]
    shares = weights * (sizes.sum() / max(weights.sum(), 1))
    quotas = np.floor(shares).astype(np.int64)
    # What rounding left goes to the largest remainders, between equals to the first class.
    missing = int(sizes.sum() - quotas.sum())
    quotas[np.argsort(quotas - shares, kind="stable")[:missing]] += 1
    return Balance(sizes, quotas)
