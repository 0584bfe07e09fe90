"""Estimates the reliability of the label check's networks from their out-of-fold logits.

Networks that are right on three labels in four disagree with one label in four, and nearly all of
these labels may be right. The sign of wrong labels is that networks disagree although they are
sure: with a share of labels exchanged at random, a label's likelihood is a mixture of the softmax
and of chance (Sukhbaatar et al. 2015, arXiv 1406.2080, with one rate for all classes). Rate and
temperature are fitted together; if a mixture explains the labels no better than a temperature
alone, no label is surely wrong. Labels that people get wrong on hard images look like mistakes of
networks, so the rate tends to be too low (docs/decisions/label-trust.md).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]

from pipeline.dataset.annotations import Codes
from pipeline.dataset.arrays import Float64, sample_rows
from pipeline.targets.classes.measures.outputs import softmax
from pipeline.targets.protocols.noise import Reliability

MAX_FITTED = 20_000  # examples, to bound the time
SURE = 6.63
"""Twice the gain in log-likelihood that noise must bring: 0.99 of chi-squared (Wilks 1938)."""
TRUSTED = 0.5
"""Least estimated share of suspects that are wrong for suspects to be acted on."""
PLANTED = 0.05  # share of labels that a probe exchanges
NOTHING_TO_TELL = Reliability(1.0, 1.0, 0.0, 0.0, False, "all labels are the same")
ROUNDS = 60  # of expectation maximisation; after these the rate moves by less than 1e-4


class NoiseFit(NamedTuple):
    """The most likely temperature of logits and rate of labels exchanged at random."""

    temperature: float
    rate: float
    """Share of exchanged labels, 0 to 1."""
    gain: float
    """Twice the log-likelihood above that of a temperature alone, in nats."""


def fit_noise(logits: NDArray[np.floating], given: Codes) -> NoiseFit:
    """Fit temperature and rate to labels `(N,)` and logits `(N, K)` of networks that have not seen
    them."""
    rows = sample_rows(len(given), MAX_FITTED)
    some, labels = logits[rows], given[rows]

    def loss(log_temperature: float) -> float:
        return _mixed(some, labels, 10**log_temperature)[1]

    def plain(log_temperature: float) -> float:
        return float(-np.log(_of_given(some, labels, 10**log_temperature)).mean())

    options = {"bounds": (-2, 2), "method": "bounded", "options": {"xatol": 1e-3}}
    found, alone = minimize_scalar(loss, **options), minimize_scalar(plain, **options)
    temperature = float(10**found.x)
    rate = _mixed(some, labels, temperature)[0]
    return NoiseFit(temperature, rate, max(0.0, 2 * len(rows) * float(alone.fun - found.fun)))


def reliability(
    logits: NDArray[np.floating],
    given: Codes,
    suspected: NDArray[np.bool_],
    planted_found: float,
) -> Reliability:
    """Estimate the reliability of networks that suspect some of N labels.

    Args:
        logits: out-of-fold logits, `(N, K)`.
        planted_found: share of labels that would be suspected if they were exchanged at random.
    """
    accuracy = float((logits.argmax(1) == given).mean())
    guessing = float(np.bincount(given).max() / len(given))
    fit = fit_noise(logits, given)
    wrong = _wrong(logits, given, fit)
    num_wrong = float(wrong[suspected].sum())
    suspects_wrong = num_wrong / max(1, int(suspected.sum()))
    found = PLANTED * planted_found
    rest = (suspected.sum() - num_wrong) / len(given)
    trusted = fit.gain > SURE and suspects_wrong >= TRUSTED
    return Reliability(
        out_of_fold_accuracy=accuracy,
        guessing=guessing,
        suspects_wrong=suspects_wrong,
        planted_precision=float(found / max(found + rest, 1e-9)),
        trusted=trusted,
        reason=_reason(accuracy, guessing, fit, suspects_wrong, trusted),
    )


def _reason(
    accuracy: float, guessing: float, fit: NoiseFit, suspects_wrong: float, trusted: bool
) -> str:
    right = (
        f"models are right on {accuracy:.1%} of labels that they have not seen "
        f"(always the most frequent one: {guessing:.1%})"
    )
    if trusted:
        return f"{right}, and some {suspects_wrong:.0%} of the suspected labels are wrong"
    if fit.gain > SURE:
        return f"{right}, and only some {suspects_wrong:.0%} of the suspected labels are wrong"
    return f"{right}; what they suspect may all be mistakes of their own"


def _wrong(logits: NDArray[np.floating], given: Codes, fit: NoiseFit) -> Float64:
    """Probability that each label was exchanged, `(N,)`."""
    right = (1 - fit.rate) * _of_given(logits, given, fit.temperature)
    chance = (1 - _of_given(logits, given, fit.temperature)) / max(1, logits.shape[1] - 1)
    wrong: Float64 = fit.rate * chance / (right + fit.rate * chance)
    return wrong


def _mixed(logits: NDArray[np.floating], given: Codes, temperature: float) -> tuple[float, float]:
    """The most likely rate at a temperature, and its mean negative log-likelihood."""
    right = _of_given(logits, given, temperature)
    chance = (1 - right) / max(1, logits.shape[1] - 1)
    rate = 0.05
    for _ in range(ROUNDS):
        exchanged = rate * chance
        rate = float((exchanged / ((1 - rate) * right + exchanged)).mean())
    return rate, float(-np.log((1 - rate) * right + rate * chance).mean())


def _of_given(logits: NDArray[np.floating], given: Codes, temperature: float) -> Float64:
    """Probability of each given label by the softmax, `(N,)`."""
    probabilities = softmax(logits / temperature)[np.arange(len(given)), given]
    clipped: Float64 = probabilities.clip(1e-9, 1 - 1e-9)
    return clipped
