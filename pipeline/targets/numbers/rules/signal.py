"""The label signal of numbers: how much of their order measurements explain."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri  # type: ignore[import-untyped]
from scipy.stats import rankdata  # type: ignore[import-untyped]

from pipeline.dataset.expectations import signal as expected
from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.rules import Rule
from pipeline.dataset.expectations.signal import SIGNAL_MAX_EXAMPLES
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.rules import Checksums, Patterns, Signal

MIN_EXAMPLES = 500
FOLDS = 5
RIDGE = 10.0
CHANCE = 0.0


def signal(
    table: pd.DataFrame, patterns: Patterns, checksums: Checksums, target: TargetIndex
) -> Signal | None:
    """A ridge regression of the normal scores of the numbers on `patterns`, in five folds.

    Scores of ranks, since one number may be a million times the next. A value is 1 less the squared
    error over the variance, so that the mean is R²: 1 at best, 0 or less if measurements predict
    nothing.
    """
    chosen = np.arange(len(table))
    if len(table) > SIGNAL_MAX_EXAMPLES:
        chosen = np.linspace(0, len(table) - 1, SIGNAL_MAX_EXAMPLES).astype(np.int64)
    labels = table["label"].to_numpy(np.float64)[chosen]
    if len(chosen) < MIN_EXAMPLES or labels.min() == labels.max():
        return None
    y = ndtri(rankdata(labels) / (len(labels) + 1))
    y = (y - y.mean()) / y.std()
    x = patterns(table.iloc[chosen])
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)
    x = np.column_stack([x, np.ones(len(x))])
    folds = checksums[chosen] % FOLDS
    gram, moment = x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y
    errors = np.zeros(len(y))
    for fold in range(FOLDS):
        out = folds == fold
        weights = np.linalg.solve(gram - x[out].T @ x[out], moment - x[out].T @ y[out])
        errors[out] = y[out] - x[out] @ weights
    values = np.full(len(table), np.nan)
    values[chosen] = 1 - errors**2
    return Signal(values, CHANCE)


def signal_rules(
    table: pd.DataFrame, target: TargetIndex, before: Profile | None, settings: Any
) -> list[Rule]:
    advice = (
        "the share of the order of numbers that a linear model of simple measurements explains, of "
        "which 0 is chance; usual where it takes more to tell them; where it does not, see whether "
        "numbers went to other rows"
    )
    return expected.signal_rules(table, CHANCE, before, settings.max_drift, advice)
