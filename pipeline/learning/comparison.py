"""Is a change between two runs real? Paired, on the same test examples.

PASS           the metric got worse by no more than the tolerance, for sure
FAIL           it got worse by more than the tolerance, for sure
INCONCLUSIVE   neither can be said with so few examples

"For sure" is by the paired bootstrap, at a level such that two runs that are alike fail in any of
the metrics in at most ALPHA of all comparisons (Bonferroni); and FAIL needs a randomisation test
besides, since a bootstrap of very few disagreements is too sure. It speaks of these two models:
what other seeds of the same recipe would do, only other seeds can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.learning.bootstrap import (
    RESAMPLES,
    bootstrap_sums,
    percentile_interval,
    swapped_sums,
)
from pipeline.learning.metrics import Floats
from pipeline.learning.predictions import Predictions
from pipeline.learning.scores import example_scores, metrics_of
from pipeline.learning.slices import owners_of

ALPHA = 0.05
TOLERANCE = 0.005
GOOD = {"accuracy": 1, "f1_macro": 1, "loss": -1, "calibration_error": -1}
"""The metrics compared; 1 where more is better, -1 where less is."""
LEVEL = 1 - 2 * ALPHA / len(GOOD)
"""Of the intervals; each of their ends is passed by chance in ALPHA / 4 of all comparisons."""
PASS, FAIL, INCONCLUSIVE = "PASS", "FAIL", "INCONCLUSIVE"


@dataclass(frozen=True)
class Change:
    """What became of one metric from one run to another."""

    metric: str
    before: float
    after: float
    low: float
    """Ends of the interval of `after - before`."""
    high: float
    p: float
    """How often a change so bad comes about when a coin says which run gets which answer."""
    verdict: str


def compare(
    base: Predictions,
    candidate: Predictions,
    *,
    tolerance: float = TOLERANCE,
    seed: int = 0,
    num_resamples: int = RESAMPLES,
) -> list[Change]:
    """Compare two runs on the same examples in the same order (see `align`)."""
    owners = owners_of(base.ids, base.groups)
    one, other = _scores(base), _scores(candidate)
    ours, theirs = np.asarray(one.sum(0)), np.asarray(other.sum(0))
    before, after = metrics_of(ours), metrics_of(theirs)
    both = sparse.hstack([one, other], format="csr")
    drawn = np.split(bootstrap_sums(both, seed, owners, num_resamples), 2, axis=1)
    drawn_before, drawn_after = metrics_of(drawn[0]), metrics_of(drawn[1])
    swapped = swapped_sums((other - one).tocsr(), seed, owners, num_resamples)
    alike_before, alike_after = metrics_of(ours + swapped), metrics_of(theirs - swapped)

    changes = []
    for metric, good in GOOD.items():
        gain = good * (after[metric] - before[metric])
        chance = good * (alike_after[metric] - alike_before[metric])
        p = _share_as_bad(chance, float(gain))
        low, high = percentile_interval(drawn_after[metric] - drawn_before[metric], LEVEL)
        worst, best = (low, high) if good > 0 else (-high, -low)
        verdict = INCONCLUSIVE
        if worst >= -tolerance:
            verdict = PASS
        elif best < -tolerance and p <= ALPHA / len(GOOD):
            verdict = FAIL
        changes.append(
            Change(metric, float(before[metric]), float(after[metric]), low, high, p, verdict)
        )
    return changes


def overall(changes: Sequence[Change]) -> str:
    """FAIL if anything fails, PASS if everything passes."""
    verdicts = {change.verdict for change in changes}
    return FAIL if FAIL in verdicts else PASS if verdicts == {PASS} else INCONCLUSIVE


def _scores(said: Predictions) -> sparse.csr_array:
    return example_scores(said.probabilities.astype(np.float64), said.labels)


def _share_as_bad(chance: Floats, gain: float) -> float:
    """The observed change counts as one of them, so that it is never 0."""
    return float((1 + (chance <= gain + 1e-12).sum()) / (1 + len(chance)))
