"""The metrics of one model on all test examples, each with its 95 % interval."""

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64
from pipeline.targets.bootstrap import (
    Owners,
    bootstrap_sums,
    error_interval,
    percentile_interval,
    share_interval,
)
from pipeline.targets.classes.judging.scores import example_scores, metrics_of, top_k
from pipeline.targets.classes.measures.metrics import Labels

SCALED = ("loss", "calibration_error")
"""Metrics that temperature scaling changes."""

Interval = tuple[float, float, float]
"""Value, low end, high end."""


def metric_intervals(
    probabilities: Float64,
    scaled: Float64,
    labels: Labels,
    owners: Owners | None = None,
    seed: int = 0,
) -> dict[str, Interval]:
    """Metrics by name; those after temperature scaling end in `_scaled`.

    Shares of examples have Wilson's interval, other metrics the bootstrap's.

    Args:
        probabilities: `(N, K)`; `scaled` the same after temperature scaling.
        labels: `(N,)`.
        owners: the group of each example, `(N,)`; None without groups.
    """
    plain_scores, scaled_scores = (example_scores(p, labels) for p in (probabilities, scaled))
    width = plain_scores.shape[1]
    both = sparse.hstack([plain_scores, scaled_scores], format="csr")
    sums = np.asarray(both.sum(0))
    drawn = bootstrap_sums(both, seed, owners)

    values, resampled = metrics_of(sums[:width]), metrics_of(drawn[:, :width])
    after, resampled_after = metrics_of(sums[width:]), metrics_of(drawn[:, width:])
    values |= {f"{name}_scaled": after[name] for name in SCALED}
    resampled |= {f"{name}_scaled": resampled_after[name] for name in SCALED}

    of_truth = probabilities[np.arange(len(labels)), labels]
    allowed = top_k(probabilities.shape[1])
    right = {
        "accuracy": probabilities.argmax(1) == labels,
        "accuracy_top_k": (probabilities > of_truth[:, None]).sum(1) < allowed,
    }
    intervals: dict[str, Interval] = {}
    for name, value in values.items():
        estimate = float(value)
        if name in right:
            ends = share_interval(right[name], owners)
        elif name.startswith("calibration_error"):
            ends = error_interval(estimate, resampled[name])
        else:
            ends = percentile_interval(resampled[name])
        intervals[name] = (estimate, *ends)
    top = intervals.pop("accuracy_top_k")
    return intervals | ({f"accuracy_top{allowed}": top} if allowed > 1 else {})
