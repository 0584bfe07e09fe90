"""Metrics as functions of sums over examples, so that a resample is a sum of other rows.

Each example has a row of numbers; mean absolute error, root mean squared error, R² and the coverage
of the intervals follow from the sum of the rows alone, for one sum or ten thousand (bootstrap.py).
"""

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64
from pipeline.targets.numbers.judging.predictions import Predictions

NUM, ABSOLUTE, SQUARED, TARGET, TARGET_SQUARED, COVERED, WIDTH = range(7)
NO_VARIANCE = 1e-9  # as a share of the sum of squares: less is rounding error


def example_scores(predictions: Predictions) -> sparse.csr_array:
    """Make a row for each of N examples, `(N, 7)`."""
    errors = predictions.errors
    # R² does not depend on the origin, and squares of numbers far from it would lose digits.
    target = predictions.target - np.median(predictions.target)
    columns = [
        np.ones(len(errors)),
        np.abs(errors),
        errors**2,
        target,
        target**2,
        predictions.covered.astype(np.float64),
        predictions.high - predictions.low,
    ]
    return sparse.csr_array(np.stack(columns, 1))


def metrics_of(sums: Float64) -> dict[str, Float64]:
    """Compute metrics from sums of rows, `(..., 7)`: each of shape `(...)`.

    `mae` and `rmse` in the units of the numbers; `r2`, 1 at best, 0 for always answering the mean
    of these examples, and 0 if all their numbers are the same; `coverage`, the share within the
    intervals; `interval_width`, their mean.
    """
    num = sums[..., NUM]
    of_target = sums[..., TARGET_SQUARED]
    variance = of_target - sums[..., TARGET] ** 2 / num
    varies = variance > NO_VARIANCE * of_target
    r2 = np.where(varies, 1 - sums[..., SQUARED] / np.where(varies, variance, 1.0), 0.0)
    return {
        "mae": sums[..., ABSOLUTE] / num,
        "rmse": np.sqrt(sums[..., SQUARED] / num),
        "r2": r2,
        "coverage": sums[..., COVERED] / num,
        "interval_width": sums[..., WIDTH] / num,
    }
