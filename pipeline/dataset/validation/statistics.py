"""Moments of features in groups of rows, and how far they are from others, in comparable units.

A change counts when it is more than sampling error (SIGMAS standard errors), and its size is given
in units that mean the same for any data: standard deviations of a measurement, or shares. Examples
of one group may be alike, so for sampling error a group counts as one example.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SIGMAS = 4.5  # with some hundred comparisons a run, chance alone exceeds it once in a thousand runs
SMALLEST_UNIT = 1e-6
MIN_COMPARED = 20  # groups; the means of fewer have no error that could be known

Profile = Mapping[str, Any]


class Features(NamedTuple):
    """Numbers by which the examples of a modality are compared: columns of a table of them."""

    names: Sequence[str]
    compared: Sequence[str]
    """Those of which a profile has quantiles."""


class Moments(NamedTuple):
    """Of F features in each of G groups of rows; NaN for a group without rows."""

    num: NDArray[np.int64]
    """Rows, shape `(G,)`."""
    mean: NDArray[np.float64]
    """Shape `(G, F)`."""
    std: NDArray[np.float64]
    """Shape `(G, F)`."""


def moments(
    table: pd.DataFrame,
    codes: NDArray[np.integer[Any]],
    num: int,
    columns: Sequence[str],
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
    """How many groups there are; an example without one is one by itself."""
    return int(table["group"].nunique() + table["group"].isna().sum())


def lone_share(table: pd.DataFrame) -> float:
    """The number of groups by that of examples, where one without a group is a group, 0 to 1."""
    return num_groups(table) / max(len(table), 1)


def lone_share_before(before: Profile) -> float:
    """`lone_share` of the examples of a profile."""
    return float(before["groups"] / max(before["examples"], 1))


def shift(
    now: Moments, mean: NDArray[np.float64], inverse: NDArray[np.float64], unit: Any
) -> NDArray[np.float64]:
    """How far means `(G, F)` are from others, in `unit`; 0 where chance alone may do it.

    `inverse` is that of the sizes of both, see `inverse_sizes`, shape `(G,)`.
    """
    with np.errstate(invalid="ignore"):
        error = now.std * np.sqrt(inverse)[:, None]
        change = np.abs(now.mean - mean)
        known = (inverse <= 2 / MIN_COMPARED)[:, None]
        moved: NDArray[np.float64] = np.where(known & (change > SIGMAS * error), change / unit, 0.0)
    return moved


def largest(shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest shift of each group, `(G,)`; NaN counts as none."""
    most: NDArray[np.float64] = np.nan_to_num(shift, nan=0.0).max(axis=1)
    return most


def units(before: Profile, features: Sequence[str]) -> NDArray[np.float64]:
    """Standard deviations of the features; where they are constant, a hundredth of their size.

    NaN for features that the profile does not know.
    """
    std = np.array([before.get(f"{name}.std", np.nan) for name in features])
    mean = np.array([before.get(f"{name}.mean", np.nan) for name in features])
    unit: NDArray[np.float64] = np.maximum(std, np.maximum(0.01 * np.abs(mean), SMALLEST_UNIT))
    return unit


def inverse_sizes(num: Any, num_before: Any) -> Any:
    """The variance of a difference of two means, in units of that of a single value."""
    return 1 / np.maximum(num, 1) + 1 / np.maximum(num_before, 1)
