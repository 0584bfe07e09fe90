"""The label signal of classes: how well measurements predict them, and the rules about it."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.expectations import signal as expected
from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.rules import Rule
from pipeline.dataset.expectations.signal import SIGNAL_MAX_EXAMPLES
from pipeline.targets.classes.rules.class_table import class_codes
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.rules import Patterns, Signal

SIGNAL_MIN_EXAMPLES = 500
SIGNAL_FOLDS = 5
SIGNAL_RIDGE = 10.0


def signal(
    table: pd.DataFrame, patterns: Patterns, checksums: NDArray[np.int64], target: TargetIndex
) -> Signal | None:
    values = label_signal(table, patterns, class_codes(table, target["classes"]), checksums)
    return None if values is None else Signal(values, 1 / table["label"].nunique())


def label_signal(
    table: pd.DataFrame,
    patterns: Patterns,
    labels: NDArray[np.integer[Any]],
    checksums: NDArray[np.int64],
) -> NDArray[np.float64] | None:
    """How well measurements predict the labels: falls if labels are wrong or of other rows.

    A ridge regression of the class indicators on `patterns`, in five folds, on at most
    SIGNAL_MAX_EXAMPLES rows. The mean of the result is the balanced accuracy; chance is 1 / number
    of classes.

    Returns:
        One number a row: 0 if the predicted class is wrong; if right, the inverse of the class's
        share times the number of classes; NaN for rows left out. None if there are too few
        examples, or only one class.
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


def signal_rules(
    table: pd.DataFrame, target: TargetIndex, before: Profile | None, settings: Any
) -> list[Rule]:
    chance = 1 / len(target["classes"])
    by_chance, _ = expected.signal_bounds(table, chance, before, settings.max_drift)
    advice = (
        "the balanced accuracy of a linear model of what is measured (such as brightness), "
        f"which by chance is {chance:.4g} and up to {by_chance:.4g}; usual where classes "
        "differ in finer things alone (cats and dogs); where they do not, see whether labels went "
        "to other rows"
    )
    return expected.signal_rules(table, chance, before, settings.max_drift, advice)
