"""Features of a linear baseline: inputs of shards as a table of numbers; learnt on train.

Numbers are standardised; a missing one counts as the mean, with a column that marks it. Whole
numbers are codes: each frequent value has a column. Bytes in two or more dimensions are reduced to
means over at most 8 x 8 cells. At most MAX_FEATURES columns are kept, those that vary most often.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64

CELLS = 8
MAX_VALUES = 32
"""Values of a column of codes that get a column each."""
MAX_FEATURES = 1024

Inputs = Mapping[str, NDArray]


@dataclass(frozen=True)
class Features:
    """Makes features from inputs."""

    codes: dict[str, NDArray[np.int64]]
    """The column and value of each feature of an input of codes, `(C, 2)`."""
    columns: NDArray[np.int64]
    """Numbers of the features that are kept, `(F,)`."""
    mean: Float64
    scale: Float64
    """Mean and scale of these, `(F,)` each."""

    @classmethod
    def of(cls, inputs: Inputs) -> "Features":
        """Learn from the inputs of training examples, at least one."""
        codes = {name: _frequent(values) for name, values in inputs.items() if _has_codes(values)}
        numbers = _numbers(inputs, codes)
        known = np.isfinite(numbers)
        num = known.sum(0).clip(1)
        mean = np.where(known, numbers, 0).sum(0) / num
        spread = np.sqrt((np.where(known, numbers - mean, 0) ** 2).sum(0) / num)
        varies = np.flatnonzero(spread > 1e-9)
        if len(varies) > MAX_FEATURES:
            rare = np.minimum((numbers != 0).mean(0), (numbers == 0).mean(0))[varies]
            varies = np.sort(varies[np.argsort(-rare, kind="stable")[:MAX_FEATURES]])
        return cls(codes, varies, mean[varies], spread[varies])

    def __call__(self, inputs: Inputs) -> Float64:
        """Features of N examples, `(N, F)`."""
        numbers = _numbers(inputs, self.codes)[:, self.columns]
        standard = (numbers - self.mean) / self.scale
        return np.clip(np.where(np.isfinite(standard), standard, 0.0), -100, 100)

    def arrays(self) -> dict[str, NDArray]:
        """Convert to arrays by name, which `from_arrays` reads back."""
        codes = {f"codes.{name}": values for name, values in self.codes.items()}
        return codes | {"columns": self.columns, "mean": self.mean, "scale": self.scale}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> "Features":
        start = "codes."
        codes = {n.removeprefix(start): v for n, v in arrays.items() if n.startswith(start)}
        return cls(codes, arrays["columns"], arrays["mean"], arrays["scale"])


def _has_codes(values: NDArray) -> bool:
    return values.dtype.kind in "iu" and values.dtype != np.uint8


def _frequent(values: NDArray) -> NDArray[np.int64]:
    found = []
    for column, codes in enumerate(values.reshape(len(values), -1).T):
        known, counts = np.unique(codes, return_counts=True)
        most = known[np.argsort(-counts, kind="stable")[:MAX_VALUES]]
        found += [(column, int(value)) for value in np.sort(most)]
    return np.array(found, np.int64).reshape(-1, 2)


def _numbers(inputs: Inputs, codes: Mapping[str, NDArray[np.int64]]) -> Float64:
    parts = []
    for name in sorted(inputs):
        values = inputs[name]
        if name in codes:
            flat = values.reshape(len(values), -1)
            parts.append((flat[:, codes[name][:, 0]] == codes[name][:, 1]).astype(np.float64))
        elif values.dtype == np.uint8 and values.ndim > 2:
            parts.append(_cells(_cells(values, 1), 2).reshape(len(values), -1) / 255)
        else:
            parts += _with_gaps(values.reshape(len(values), -1).astype(np.float64))
    return np.concatenate(parts, axis=1)


def _with_gaps(values: Float64) -> list[Float64]:
    """Numbers, NaN where missing, and a mask of the missing ones."""
    missing = ~np.isfinite(values)
    return [np.where(missing, np.nan, values), missing.astype(np.float64)]


def _cells(values: NDArray, axis: int) -> NDArray:
    """Means over at most CELLS parts of an axis."""
    size = values.shape[axis]
    if size <= CELLS:
        return values
    ends = np.linspace(0, size, CELLS + 1).astype(int)
    sums = np.add.reduceat(values.astype(np.float32), ends[:-1], axis=axis)
    shape = [1] * values.ndim
    shape[axis] = CELLS
    return sums / np.diff(ends).reshape(shape)
