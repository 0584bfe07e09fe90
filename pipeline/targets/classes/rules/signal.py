"""The label signal: how well measurements tell the class."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.validation.rules import MEAN_BETWEEN, Rule, rule, since_profile
from pipeline.dataset.validation.statistics import (
    SIGMAS,
    Profile,
    inverse_sizes,
    lone_share,
    lone_share_before,
    moments,
    shift,
)

SIGNAL_MIN_EXAMPLES = 500
SIGNAL_MAX_EXAMPLES = 20_000
SIGNAL_FOLDS = 5
SIGNAL_RIDGE = 10.0
SIGMAS_OF_CHANCE = 3


def label_signal(
    patterns: Callable[[pd.DataFrame], NDArray[np.float64]],
    table: pd.DataFrame,
    labels: NDArray[np.integer[Any]],
    checksums: NDArray[np.int64],
) -> NDArray[np.float64] | None:
    """How well measurements tell the labels: falls when labels are wrong or belong to other rows.

    A ridge regression of the class indicators on `patterns` of rows, in five folds, on at most
    SIGNAL_MAX_EXAMPLES rows. The mean of the result is the balanced accuracy; chance is 1 / number
    of classes.

    Returns:
        One number a row: 0 where the class is not found; where it is, the inverse of the class's
        share times the number of classes; NaN for rows left out. None when there are too few
        examples, or one class only.
    """
    chosen = np.arange(len(table))
    if len(table) > SIGNAL_MAX_EXAMPLES:
        chosen = np.linspace(0, len(table) - 1, SIGNAL_MAX_EXAMPLES).astype(np.int64)
    names, codes = np.unique(labels[chosen], return_inverse=True)
    if len(chosen) < SIGNAL_MIN_EXAMPLES or len(names) < 2:
        return None
    x = patterns(table.iloc[chosen])
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)
    x = np.column_stack([x, np.ones(len(x))])
    balance = len(codes) / (len(names) * np.bincount(codes))
    targets = np.eye(len(names))[codes] * balance[codes, None]
    weighted = x * balance[codes, None]
    folds = checksums[chosen] % SIGNAL_FOLDS
    gram, moment = weighted.T @ x + SIGNAL_RIDGE * np.eye(x.shape[1]), x.T @ targets
    found = np.zeros(len(codes), bool)
    for fold in range(SIGNAL_FOLDS):
        out = folds == fold
        weights = np.linalg.solve(gram - weighted[out].T @ x[out], moment - x[out].T @ targets[out])
        found[out] = (x[out] @ weights).argmax(1) == codes[out]
    signal = np.full(len(table), np.nan)
    signal[chosen] = found * balance[codes]
    return signal


def signal_bounds(
    table: pd.DataFrame, num_classes: int, before: Profile | None, max_drift: float
) -> tuple[float, float]:
    """What the mean of label_signal must exceed: by chance alone, and by the profile (or 0)."""
    signal = table["label_signal"]
    deviation = float(signal.std(ddof=0))
    num = int(signal.notna().sum()) * lone_share(table)
    chance = 1 / num_classes
    by_chance = chance + SIGMAS_OF_CHANCE * deviation / math.sqrt(num)
    if before is None or "label_signal" not in before:
        return by_chance, 0.0
    num_before = min(before["examples"], SIGNAL_MAX_EXAMPLES) * lone_share_before(before)
    error = SIGMAS * deviation * math.sqrt(inverse_sizes(num, num_before))
    lost = max(max_drift * (before["label_signal"] - chance), error)
    return by_chance, before["label_signal"] - lost


def signal_lost(table: pd.DataFrame, splits: NDArray[np.int64], num_splits: int) -> NDArray[Any]:
    """The share of the label signal above chance that the first split has and each lacks, `(S,)`.

    0 where there is no label signal.
    """
    if "label_signal" not in table:
        return np.zeros(num_splits)
    sampled = table["label_signal"].notna().to_numpy()
    signal = moments(table[sampled], splits[sampled], num_splits, ["label_signal"])
    above_chance = signal.mean[0, 0] - 1 / table["label"].nunique()
    num = signal.num * lone_share(table)
    inverse = inverse_sizes(num, num[0])
    lost = shift(signal, signal.mean[0], inverse, max(above_chance, 0.01))[:, 0]
    return np.where(signal.mean[:, 0] < signal.mean[0, 0], lost, 0.0)


def signal_rules(
    table: pd.DataFrame, num_classes: int, before: Profile | None, max_drift: float
) -> list[Rule]:
    """About the label signal."""
    by_chance, by_profile = signal_bounds(table, num_classes, before, max_drift)
    rules = [
        rule(
            "labels have to do with the examples",
            MEAN_BETWEEN,
            "warning",
            column="label_signal",
            min_value=by_chance,
        )
    ]
    if before is not None:
        says = "labels fit the examples as in the profile"
        rules += since_profile(
            [rule(says, MEAN_BETWEEN, "warning", column="label_signal", min_value=by_profile)]
        )
    return rules
