"""The label check for classes, from logits of networks that have not seen the examples."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, Codes
from pipeline.dataset.arrays import Float64
from pipeline.targets.classes.measures.metrics import fit_temperature
from pipeline.targets.classes.measures.outputs import softmax
from pipeline.targets.classes.noise import labels
from pipeline.targets.classes.noise.labels import LabelCheck
from pipeline.targets.classes.noise.reliability import NOTHING_TO_TELL, TRUSTED, reliability
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import Evidence

LABEL_SMOOTHING = 0.2
"""Label smoothing of the check's networks."""
TRUE_LABEL_TEMPERATURE = 0.35
"""The divisor of logits that calibrates them on the true labels, which are unknown: with
LABEL_SMOOTHING one value works from no wrong labels to 20 % of them
(docs/decisions/label-temperature.md). This is for good networks; see `_doubtful` for others."""

MOST = 0.5  # share of examples; if as many have labels by several people, these give the noise rate


def check_labels(
    learnt: Evidence, tested: Evidence, target: TargetIndex
) -> tuple[LabelCheck, LabelCheck | None]:
    """See protocols/noise.py. Without networks only people judge (Dawid & Skene's method).

    Logits are calibrated on the given labels of `learnt` (Guo et al. 2017, arXiv 1706.04599) and,
    if the networks are reliable, on the true ones.
    """
    if learnt.outputs is None or tested.outputs is None:
        num_labels = len(target["classes"])
        by_people = _by_people(learnt, num_labels)
        return by_people, _by_people(tested, num_labels) if len(tested.given) else None
    if len(np.unique(learnt.given)) < 2:
        alike = _unknown(learnt, learnt.outputs.shape[1])
        of_test = _unknown(tested, learnt.outputs.shape[1]) if len(tested.given) else None
        return replace(alike, reliability=NOTHING_TO_TELL), of_test
    temperature = fit_temperature(learnt.outputs, learnt.given)
    trust = temperature / TRUE_LABEL_TEMPERATURE
    probabilities = softmax(learnt.outputs / temperature)
    of_learnt = _check(learnt, probabilities, trust)
    relied = reliability(
        learnt.outputs, learnt.given, of_learnt.is_issue, _planted_found(of_learnt, learnt)
    )
    of_learnt = replace(of_learnt, reliability=relied)
    if not relied.trusted:
        of_learnt = _doubtful(learnt, probabilities, of_learnt)
        by_people = _with_several(learnt.annotations, len(learnt.given)).mean() >= MOST
        if relied.planted_precision < TRUSTED and not by_people:
            of_learnt = replace(of_learnt, noise_rate=None)
    if not len(tested.given):
        return of_learnt, None
    mean: Float64 = np.mean([softmax(logits / temperature) for logits in tested.outputs], axis=0)
    of_tested = _check(tested, mean, trust)
    return of_learnt, of_tested if relied.trusted else _doubtful(tested, mean, of_tested)


def _check(evidence: Evidence, probabilities: Float64, trust: float = 1.0) -> LabelCheck:
    return labels.check_labels(evidence.given, probabilities, evidence.annotations, trust)


def _doubtful(evidence: Evidence, probabilities: Float64, ranked: LabelCheck) -> LabelCheck:
    """The check by unreliable networks; `ranked` is the check as if they were reliable.

    Their probabilities stay calibrated on the given labels: a label that they find unlikely may
    still be right. The suspected labels and their order stay those of `ranked`.
    """
    plain = _check(evidence, probabilities)
    quality = np.empty(len(plain.quality))
    quality[np.argsort(ranked.quality, kind="stable")] = np.sort(plain.quality)
    return replace(
        plain,
        quality=quality,
        is_issue=ranked.is_issue,
        confirmed=_with_several(evidence.annotations, len(quality)) & (plain.quality < TRUSTED),
        proposed=ranked.proposed,
        reliability=ranked.reliability,
    )


def _by_people(evidence: Evidence, num_labels: int) -> LabelCheck:
    """The check by people alone, which tells nothing if each example has one label."""
    num = len(evidence.given)
    if not _with_several(evidence.annotations, num).any():
        return _unknown(evidence, num_labels)
    return _check(evidence, np.full((num, num_labels), 1 / num_labels))


def _unknown(evidence: Evidence, num_labels: int) -> LabelCheck:
    """A check that tells nothing."""
    num = len(evidence.given)
    found = _check(evidence, np.full((num, num_labels), 1 / num_labels))
    unknown, nothing = np.full(num, np.nan), np.zeros(num, bool)
    return replace(found, quality=unknown, is_issue=nothing, noise_rate=None)


def _with_several(annotations: Annotations | None, num: int) -> NDArray[np.bool_]:
    """Mask of the N examples that have labels by several people."""
    if annotations is None:
        return np.zeros(num, bool)
    return np.asarray(np.bincount(annotations.rows, minlength=num) > 1)


def _planted_found(check: LabelCheck, evidence: Evidence) -> float:
    """Share of the unsuspected labels that the check would suspect if they were replaced.

    No network has seen the label of an example that it predicts, so no training is needed.
    """
    given, num_labels = evidence.given, check.posterior.shape[1]
    rows = np.flatnonzero(~check.is_issue)
    if num_labels < 2 or not len(rows):
        return 0.0
    other = _another(given[rows], rows, num_labels)
    # Take the given label out of the posterior, and put the other in.
    prior = check.posterior[rows] / check.noise[:, given[rows]].T.clip(1e-9)
    posterior = prior * check.noise[:, other].T
    quality = posterior[np.arange(len(rows)), other] / posterior.sum(1).clip(1e-300)
    return float((quality < TRUSTED).mean())


def _another(given: Codes, rows: Codes, num_labels: int) -> Codes:
    """Another label for each example, taking all labels in turn."""
    other: Codes = (given + 1 + rows % (num_labels - 1)) % num_labels
    return other
