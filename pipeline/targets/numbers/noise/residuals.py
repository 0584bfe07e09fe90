"""Finds numbers that are probably wrong: far from the outputs of networks that have not seen them.

The residuals of right numbers have heavy tails: Student's t of four degrees, whose scale is the
median residual, so that wrong numbers hardly widen it. A wrong one may be any number: a Cauchy
distribution around the median of all. Expectation maximisation finds how many are wrong, and which;
if a network knows little, both look alike, and hardly any number is doubted.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from pipeline.dataset.annotations import Annotations, Codes
from pipeline.dataset.arrays import Float64
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import Evidence, Reliability

FREEDOM = 4.0  # degrees of freedom of the residuals of right numbers
TO_DEVIATION = 1.4826  # the median size of standard normal numbers
START, LEAST, MOST = 0.05, 1e-4, 0.5
"""Share of wrong numbers: initial, least and largest."""
MAX_ROUNDS = 100
CONVERGED = 1e-6
DIGITS = 6  # significant digits of a proposed number
TRUSTED = 0.5
"""Least share of the variance that networks explain, and of a probe's suspects that are wrong, for
suspects to be acted on."""
PLANTED = 0.05  # share of numbers that the probe exchanges


@dataclass(frozen=True)
class NumberCheck:
    """Results of the check, for each of N examples."""

    quality: Float64
    """Probability that the given number is right."""
    is_issue: NDArray[np.bool_]
    """Whether it is more likely wrong than right."""
    proposed: Codes
    """The number expected instead."""
    confidence: Float64
    """NaN: a number has no probability."""
    noise_rate: float | None
    """Estimated share of wrong numbers, 0 to 1; None if it cannot be estimated."""
    confirmed: NDArray[np.bool_]
    """Whether several people gave a number."""
    reliability: Reliability | None

    @property
    def is_sure(self) -> NDArray[np.bool_]:
        """Whether it is suspected with enough certainty to act on."""
        trusted = self.reliability is not None and self.reliability.trusted
        return self.is_issue & (trusted | self.confirmed)


def unit_of(values: Codes) -> tuple[float, float]:
    """A robust location and scale of numbers."""
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
    of_learnt = _check(learnt, expected, unit, spread, rate)
    if learnt.outputs is not None:
        relied = _reliability(learnt.given, expected, unit, spread, of_learnt)
        of_learnt = replace(of_learnt, reliability=relied)
    elif not of_learnt.confirmed.any():  # there is no evidence on these numbers
        of_learnt = replace(of_learnt, noise_rate=None)
    if not len(tested.given):
        return of_learnt, None
    mean = None if tested.outputs is None else tested.outputs[:, :, 0].mean(0)
    of_tested = _check(tested, _expected(tested, mean, unit), unit, spread, rate)
    return of_learnt, replace(of_tested, reliability=of_learnt.reliability)


def _reliability(
    given: Codes, expected: Float64, unit: tuple[float, float], spread: float, check: NumberCheck
) -> Reliability:
    """Reliability from the share of variance that networks explain, and a probe with exchanged
    numbers."""
    scaled = _scaled(given, unit)
    explained = max(0.0, 1.0 - spread**2)  # the spread of all numbers is 1 in these units
    random = np.random.default_rng(len(given))
    planted = random.random(len(given)) < PLANTED
    probe = np.where(planted, random.permutation(scaled), scaled)
    found = _quality(probe - expected, probe, spread, PLANTED) < 0.5
    precision = float(planted[found].mean()) if found.any() else 0.0
    trusted = explained >= TRUSTED and precision >= TRUSTED
    return Reliability(
        out_of_fold_accuracy=explained,
        guessing=0.0,
        suspects_wrong=float(1 - check.quality[check.is_issue].mean())
        if check.is_issue.any()
        else 0.0,
        planted_precision=precision,
        trusted=trusted,
        reason=f"networks explain {explained:.0%} of how the numbers vary, and of suspects among "
        f"numbers exchanged on trial {precision:.0%} were wrong",
    )


def _scaled(values: Codes, unit: tuple[float, float]) -> Float64:
    scaled: Float64 = (values - unit[0]) / unit[1]
    return scaled


def _expected(
    evidence: Evidence, outputs: NDArray[np.floating] | None, unit: tuple[float, float]
) -> Float64:
    """The expected numbers: those of networks or, if several people gave one, the median of theirs
    and the network's; the number itself without either."""
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
    """Numbers given by people, for each example that they labelled."""
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
    evidence: Evidence, expected: Float64, unit: tuple[float, float], spread: float, rate: float
) -> NumberCheck:
    scaled = _scaled(evidence.given, unit)
    quality = _quality(scaled - expected, scaled, spread, rate)
    num, people = len(quality), evidence.annotations
    voices = np.zeros(num, np.int64) if people is None else np.bincount(people.rows, minlength=num)
    proposed = expected * unit[1] + unit[0]
    return NumberCheck(
        quality=quality,
        is_issue=quality < 0.5,
        proposed=np.array([float(f"{value:.{DIGITS}g}") for value in proposed], np.float64),
        confidence=np.full(num, np.nan),
        noise_rate=float(1 - quality.mean()) if num else 0.0,
        confirmed=voices > 1,
        reliability=None,
    )
