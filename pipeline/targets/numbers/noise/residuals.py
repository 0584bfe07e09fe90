"""Which numbers are probably wrong: those far from what networks that have not seen them say.

A right number lies around what is expected of it as residuals do, with heavy tails: Student's t of
four degrees, whose scale is the median residual, so that wrong numbers hardly widen it. A wrong one
is any number: a Cauchy distribution around the median of all. How many are wrong, and which,
follows by expectation maximisation; where a network knows little, both look alike, and hardly any
number is doubted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from pipeline.dataset.annotations import Annotations, Codes
from pipeline.dataset.arrays import Float64
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import Evidence

FREEDOM = 4.0  # degrees of freedom of the residuals of right numbers
TO_DEVIATION = 1.4826  # of the median size of normal numbers
START, LEAST, MOST = 0.05, 1e-4, 0.5
"""Share of wrong numbers: at first, and the least and the most that are considered."""
MAX_ROUNDS = 100
CONVERGED = 1e-6
DIGITS = 6  # significant ones of a proposed number


@dataclass(frozen=True)
class NumberCheck:
    """What the check found, row by row of N examples."""

    quality: Float64
    """Probability that the given number is right."""
    is_issue: NDArray[np.bool_]
    """Where it is rather wrong than right."""
    proposed: Codes
    """The number that is expected instead."""
    confidence: Float64
    """NaN: a number has no probability."""
    noise_rate: float
    """Estimated share of wrong numbers, 0 to 1."""


def unit_of(values: Codes) -> tuple[float, float]:
    """A middle and a scale of numbers that a few wrong ones hardly move."""
    if not len(values):
        return 0.0, 1.0
    middle = float(np.median(values))
    quarter, three_quarters = np.quantile(values, [0.25, 0.75])
    scale = float(three_quarters - quarter) / 1.349 or float(values.std()) or 1.0
    return middle, scale


def check_labels(
    learnt: Evidence, tested: Evidence, target: TargetIndex
) -> tuple[NumberCheck, NumberCheck | None]:
    """See protocols/noise.py; all is in the units of `unit_of` the learnt numbers."""
    unit = unit_of(learnt.given)
    expected = _expected(learnt, None if learnt.outputs is None else learnt.outputs[:, 0], unit)
    residuals = _scaled(learnt.given, unit) - expected
    spread = max(TO_DEVIATION * float(np.median(np.abs(residuals))), 1e-6)
    rate = _share_of_wrong(residuals, _scaled(learnt.given, unit), spread)
    of_learnt = _check(learnt.given, expected, unit, spread, rate)
    if not len(tested.given):
        return of_learnt, None
    mean = None if tested.outputs is None else tested.outputs[:, :, 0].mean(0)
    return of_learnt, _check(tested.given, _expected(tested, mean, unit), unit, spread, rate)


def _scaled(values: Codes, unit: tuple[float, float]) -> Float64:
    scaled: Float64 = (values - unit[0]) / unit[1]
    return scaled


def _expected(
    evidence: Evidence, outputs: NDArray[np.floating] | None, unit: tuple[float, float]
) -> Float64:
    """What the numbers should be: as networks say or, where several people gave one, the median of
    theirs and the network's; the number itself where nobody says anything."""
    if outputs is not None and not np.isfinite(outputs).all():
        raise ValueError("out-of-fold outputs are not finite")
    given = _scaled(evidence.given, unit)
    expected = given.copy() if outputs is None else outputs.astype(np.float64)
    if evidence.annotations is not None:
        for row, values in _by_row(evidence.annotations).items():
            if len(values) > 1:
                voices = [] if outputs is None else [expected[row]]
                expected[row] = np.median([*_scaled(values, unit), *voices])
    return expected


def _by_row(annotations: Annotations) -> dict[int, Codes]:
    """What people say of each example that they looked at."""
    order = np.argsort(annotations.rows, kind="stable")
    rows, starts = np.unique(annotations.rows[order], return_index=True)
    parts = np.split(annotations.labels[order], starts[1:])
    return dict(zip(rows.tolist(), parts, strict=True))


def _share_of_wrong(residuals: Float64, given: Float64, spread: float) -> float:
    rate = START
    for _ in range(MAX_ROUNDS):
        before, quality = rate, _quality(residuals, given, spread, rate)
        rate = float(np.clip((1 - quality).mean() if len(quality) else 0.0, LEAST, MOST))
        if abs(rate - before) < CONVERGED:
            break
    return rate


def _quality(residuals: Float64, given: Float64, spread: float, rate: float) -> Float64:
    right = np.log1p(-rate) + stats.t.logpdf(residuals / spread, FREEDOM) - np.log(spread)
    wrong = np.log(rate) + stats.cauchy.logpdf(given)
    quality: Float64 = 1 / (1 + np.exp(np.clip(wrong - right, -700, 700)))
    return quality


def _check(
    given: Codes, expected: Float64, unit: tuple[float, float], spread: float, rate: float
) -> NumberCheck:
    scaled = _scaled(given, unit)
    quality = _quality(scaled - expected, scaled, spread, rate)
    proposed = expected * unit[1] + unit[0]
    return NumberCheck(
        quality=quality,
        is_issue=quality < 0.5,
        proposed=np.array([float(f"{value:.{DIGITS}g}") for value in proposed], np.float64),
        confidence=np.full(len(given), np.nan),
        noise_rate=float(1 - quality.mean()) if len(given) else 0.0,
    )
