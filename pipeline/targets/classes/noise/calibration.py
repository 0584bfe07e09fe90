"""The label check, by logits of networks that have not seen the examples."""

import numpy as np

from pipeline.dataset.arrays import Float64
from pipeline.targets.classes.measures.metrics import fit_temperature, softmax
from pipeline.targets.classes.noise import labels
from pipeline.targets.classes.noise.labels import LabelCheck
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import Evidence

LABEL_SMOOTHING = 0.2
"""That networks of the check learn with."""
TRUE_LABEL_TEMPERATURE = 0.35
"""What logits are divided by to be calibrated on the true labels, which nobody has: with
LABEL_SMOOTHING the same value serves from no wrong label to 20 % of them
(docs/decisions/label-temperature.md)."""


def check_labels(
    learnt: Evidence, tested: Evidence, target: TargetIndex
) -> tuple[LabelCheck, LabelCheck | None]:
    """See protocols/noise.py. Without networks it is by people alone (Dawid & Skene's method).

    Logits are calibrated on the given labels of `learnt` (Guo et al. 2017, arXiv 1706.04599).
    """
    if learnt.outputs is None or tested.outputs is None:
        uniform = np.full(len(target["classes"]), 1 / len(target["classes"]))
        return (
            _check(learnt, np.tile(uniform, (len(learnt.given), 1))),
            _check(tested, np.tile(uniform, (len(tested.given), 1))) if len(tested.given) else None,
        )
    temperature = fit_temperature(learnt.outputs, learnt.given)
    trust = temperature / TRUE_LABEL_TEMPERATURE
    of_learnt = _check(learnt, softmax(learnt.outputs / temperature), trust)
    if not len(tested.given):
        return of_learnt, None
    mean: Float64 = np.mean([softmax(logits / temperature) for logits in tested.outputs], axis=0)
    return of_learnt, _check(tested, mean, trust)


def _check(evidence: Evidence, probabilities: Float64, trust: float = 1.0) -> LabelCheck:
    return labels.check_labels(evidence.given, probabilities, evidence.annotations, trust)
