"""Evaluates a model of numbers on the test split: metrics, weak slices, intervals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Float64
from pipeline.targets.bootstrap import (
    Owners,
    bootstrap_sums,
    owners_of,
    percentile_interval,
    share_interval,
)
from pipeline.targets.numbers.judging.errors import MeanError, mean_error
from pipeline.targets.numbers.judging.predictions import Predictions
from pipeline.targets.numbers.judging.scores import example_scores, metrics_of
from pipeline.targets.numbers.measures.conformal import LEVEL, half_width
from pipeline.targets.numbers.measures.scale import from_y
from pipeline.targets.protocols.judging import Answers, Stressed, TestSplit
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.slices import MIN_EXAMPLES, Slice, slices

Interval = tuple[float, float, float]
"""Value, low end, high end."""


@dataclass(frozen=True)
class NumberEvaluation:
    """The results of a model on the test split."""

    predictions: Predictions
    half: float
    """Half the width of intervals, in units of y."""
    intervals: dict[str, Interval]
    """Value and 95 % interval of each metric."""
    slices: list[tuple[Slice, MeanError]]
    """The error on parts of the test split; the first is the whole."""
    num_corrupted: int
    """Number of examples that were also corrupted."""
    robustness: list[tuple[str, int, MeanError]]
    """Corruption, strength and the error on these examples; empty where there are none."""
    num_leaked: int
    mae_without_leaked: float

    @property
    def mae_corrupted(self) -> float | None:
        """The mean error over all corruptions and strengths, equally weighted; None without any."""
        corrupted = [error.mae for _, strength, error in self.robustness if strength]
        return float(np.mean(corrupted)) if corrupted else None

    def metrics(self) -> dict[str, float | str]:
        """The content of reports/metrics.json; the first four keys are its contract."""
        metrics: dict[str, float | str] = {
            name: self.intervals[name][0]
            for name in ("mae", "rmse", "r2", "coverage", "interval_width")
        }
        metrics |= {
            "mae_low": self.intervals["mae"][1],
            "mae_high": self.intervals["mae"][2],
            "mae_without_leaked": self.mae_without_leaked,
        }
        if self.mae_corrupted is not None:
            metrics["mae_corrupted"] = self.mae_corrupted
        return metrics

    def summary(self) -> dict[str, Any]:
        """Values for the index of data/evaluation."""
        return {
            "interval_level": LEVEL,
            "interval_half_width": self.half,
            "num_corrupted": self.num_corrupted,
            "mae_corrupted": self.mae_corrupted,
            "min_slice_examples": MIN_EXAMPLES,
            "num_leaked": self.num_leaked,
            "mae_without_leaked": self.mae_without_leaked,
        }

    def sentence(self) -> str:
        """A sentence on the results, for the terminal."""
        mae, low, high = self.intervals["mae"]
        return (
            f"mean absolute error {mae:.4g} ({low:.4g} to {high:.4g}), R2 "
            f"{self.intervals['r2'][0]:.3f} on {len(self.predictions.ids)} test examples; "
            f"{self.intervals['coverage'][0]:.1%} of them are within the {LEVEL:.0%} intervals"
        )


def evaluate_numbers(
    index: TargetIndex,
    test: TestSplit,
    outputs: Float32,
    validation: Answers,
    stressed: Stressed,
) -> NumberEvaluation:
    """Test a model by its outputs for the test split, `(N, 1)`.

    Validation, at least one example, is used only for the width of intervals.
    """
    half = half_width(validation.y - validation.outputs[:, 0])
    y = outputs[:, 0].astype(np.float64)
    predictions = Predictions(
        ids=test.ids,
        groups=test.groups,
        target=from_y(test.y, index),
        predicted=from_y(y, index),
        low=from_y(y - half, index),
        high=from_y(y + half, index),
    )
    errors, owners = predictions.errors, owners_of(test.ids, test.groups)
    tried = stressed.rows
    of_tried = None if owners is None else owners[tried]
    robustness = []
    if len(tried):
        robustness = [
            (
                variant.name,
                variant.strength,
                mean_error(
                    from_y(variant.outputs[:, 0], index) - predictions.target[tried], of_tried
                ),
            )
            for variant in stressed.variants
        ]
    return NumberEvaluation(
        predictions=predictions,
        half=half,
        intervals=metric_intervals(predictions, owners),
        slices=errors_by_slice(errors, test, owners),
        num_corrupted=len(tried),
        robustness=robustness,
        num_leaked=int(test.leaked.sum()),
        mae_without_leaked=_mean_without(errors, test.leaked),
    )


def metric_intervals(
    predictions: Predictions, owners: Owners | None, seed: int = 0
) -> dict[str, Interval]:
    """Metrics by name: Wilson's interval of the coverage, the bootstrap's of the others."""
    scores = example_scores(predictions)
    values = metrics_of(np.asarray(scores.sum(0)))
    resampled = metrics_of(bootstrap_sums(scores, seed, owners))
    found: dict[str, Interval] = {}
    for name, value in values.items():
        if name == "coverage":
            low, high = share_interval(predictions.covered, owners)
        else:
            low, high = percentile_interval(resampled[name])
        # With few examples, a skewed metric may be outside its own interval.
        found[name] = (float(value), min(low, float(value)), max(high, float(value)))
    return found


def errors_by_slice(
    errors: Float64, test: TestSplit, owners: Owners | None
) -> list[tuple[Slice, MeanError]]:
    """The error on each of the `slices` of the test split."""
    found = []
    for part, rows in slices(-np.abs(errors), test.measurements, test.groups):
        # All examples of a slice of kind `group` have one owner.
        some = None if owners is None or part.kind == "group" else owners[rows]
        found.append((part, mean_error(errors[rows], some)))
    return found


def _mean_without(errors: Float64, left_out: NDArray[np.bool_]) -> float:
    """Mean absolute error without some examples; of all if no others remain."""
    rest = errors[~left_out]
    return float(np.abs(rest if len(rest) else errors).mean())
