"""Means and spreads in groups of rows, and how many rows count where some are alike."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Moments(NamedTuple):
    """Moments of F features in each of G groups of rows; NaN for a group without rows."""

    num: NDArray[np.int64]
    """Rows, shape `(G,)`."""
    mean: NDArray[np.float64]
    """Shape `(G, F)`."""
    std: NDArray[np.float64]
    """Shape `(G, F)`."""


def moments(
    table: pd.DataFrame, codes: NDArray[np.integer[Any]], num: int, columns: Sequence[str]
) -> Moments:
    """Count, mean and standard deviation of features in groups of rows, numbered by `codes`."""
    count = np.bincount(codes, minlength=num)
    mean, std = np.zeros((2, num, len(columns)))
    with np.errstate(invalid="ignore", divide="ignore"):
        for position, name in enumerate(columns):
            values = table[name].to_numpy(np.float64)
            mean[:, position] = np.bincount(codes, values, num) / count
            squares = (values - mean[codes, position]) ** 2
            std[:, position] = np.sqrt(np.bincount(codes, squares, num) / count)
    return Moments(count, mean, std)


def num_groups(table: pd.DataFrame) -> int:
    """Count the groups; an example without one is its own group."""
    return int(table["group"].nunique() + table["group"].isna().sum())


def lone_share(table: pd.DataFrame) -> float:
    """The number of groups divided by that of examples, 0 to 1; see `num_groups`."""
    return num_groups(table) / max(len(table), 1)
