"""Accuracy without labels, where it can be known, and with the labels that came later.

Confidence that was calibrated on validation is how often answers are right, as long as examples
are like those of validation: its mean is the estimate. Once anything drifts, answers do not tell
whether the world changed, of which confidence may still be right, or the inputs broke, of which it
is not. So while a family alarms, accuracy is unknown (docs/decisions/monitoring.md).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.dataset.arrays import Float64

TEMPERATURE = "temperature"
Z = 1.96


class Estimate(NamedTuple):
    """How good the answers of a window are."""

    value: float | None
    """None where it cannot be known."""
    low: float
    high: float
    reason: str
    """Why it is unknown."""


def unknown(reason: str) -> Estimate:
    return Estimate(None, np.nan, np.nan, reason)


def estimate(confidences: Float64 | None, drifted: Collection[str]) -> Estimate:
    """Accuracy of N answers.

    Args:
        confidences: calibrated, `(N,)`; None where a target has none.
        drifted: families of features that alarm in the newest windows.
    """
    if confidences is None:
        return unknown("such answers have no confidence; send what came true to /feedback")
    if drifted:
        return unknown(f"not like validation: {', '.join(sorted(drifted))}; label some")
    mean, num = float(confidences.mean()), len(confidences)
    half = Z * np.sqrt(max(mean * (1 - mean), 1e-4) / num)
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half), "")


class LabelledFigure(NamedTuple):
    """Answers whose labels came later."""

    num: int
    name: str
    value: float
    low: float
    high: float


def labelled(
    known: Sequence[float | None], name: str, right_below: float | None
) -> LabelledFigure | None:
    """A figure of the answers whose labels came; None without any.

    Args:
        known: the error of each answer, None where its label cannot be compared.
        name: of the figure; see `JUDGED_BY` of the targets.
        right_below: the error below which an answer is right; None if the mean error is the figure.
    """
    errors = np.array([error for error in known if error is not None])
    num = len(errors)
    if not num:
        return None
    if right_below is None:
        mean, half = float(errors.mean()), Z * float(errors.std()) / np.sqrt(num)
        return LabelledFigure(num, name, mean, max(0, mean - half), mean + half)
    share = float((errors < right_below).mean())
    centre, half = wilson(share, num)
    return LabelledFigure(num, name, share, centre - half, centre + half)


def wilson(share: float, num: int) -> tuple[float, float]:
    """Centre and half width of the 95 % interval of a share (Wilson 1927)."""
    below = 1 + Z**2 / num
    half = Z * np.sqrt(share * (1 - share) / num + Z**2 / (4 * num**2)) / below
    return (share + Z**2 / (2 * num)) / below, float(half)


def calibrated(outputs: Float64, calibration: Mapping[str, float], probabilities: Any) -> Any:
    """The confidence of each answer, `(N,)`; None where outputs have no temperature."""
    temperature = calibration.get(TEMPERATURE)
    if temperature is None:
        return None
    return probabilities(outputs / temperature).max(1)
