"""Is a change between two runs real? Paired, on the same test examples.

PASS           the metric got worse by no more than the tolerance, for sure
FAIL           it got worse by more than the tolerance, for sure
INCONCLUSIVE   neither can be said with so few examples

"For sure" is by the paired bootstrap, at a level such that two runs that are alike fail in any of
the metrics judged in at most ALPHA of all comparisons (Bonferroni); and FAIL needs a randomisation
test besides, since a bootstrap of very few disagreements is too sure.

Which metrics there are, and which are judged unless others are asked for, the target says
(`judging`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.arrays import Float64
from pipeline.targets.bootstrap import (
    RESAMPLES,
    bootstrap_sums,
    owners_of,
    percentile_interval,
    swapped_sums,
)
from pipeline.targets.protocols.judging import Judging, Predictions

ALPHA = 0.05
TOLERANCE = 0.005
PASS, FAIL, INCONCLUSIVE = "PASS", "FAIL", "INCONCLUSIVE"
NOT_JUDGED = "-"


@dataclass(frozen=True)
class Change:
    """The change of one metric from one run to another."""

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
    judging: Judging,
    *,
    judged: Sequence[str],
    tolerance: float = TOLERANCE,
    seed: int = 0,
    num_resamples: int = RESAMPLES,
) -> list[Change]:
    """Compare two runs of one target on the same examples in the same order (see `align`).

    All metrics of the target are compared, the `judged` ones get a verdict.
    """
    metrics_of = judging.metrics_of
    owners = owners_of(base.ids, base.groups)
    one, other = judging.scores(base), judging.scores(candidate)
    ours, theirs = np.asarray(one.sum(0)), np.asarray(other.sum(0))
    before, after = metrics_of(ours), metrics_of(theirs)
    both = sparse.hstack([one, other], format="csr")
    drawn = np.split(bootstrap_sums(both, seed, owners, num_resamples), 2, axis=1)
    drawn_before, drawn_after = metrics_of(drawn[0]), metrics_of(drawn[1])
    swapped = swapped_sums((other - one).tocsr(), seed, owners, num_resamples)
    alike_before, alike_after = metrics_of(ours + swapped), metrics_of(theirs - swapped)

    changes = []
    for metric, good in judging.GOOD.items():
        gain = good * (after[metric] - before[metric])
        chance = good * (alike_after[metric] - alike_before[metric])
        p = _share_as_bad(chance, float(gain))
        low, high = percentile_interval(
            drawn_after[metric] - drawn_before[metric], level_of(judged)
        )
        gains = (low, high) if good > 0 else (-high, -low)
        is_judged = metric in judged
        verdict = verdict_of(gains, p, tolerance, ALPHA / len(judged)) if is_judged else NOT_JUDGED
        changes.append(
            Change(metric, float(before[metric]), float(after[metric]), low, high, p, verdict)
        )
    return changes


def verdict_of(gains: tuple[float, float], p: float, tolerance: float, alpha: float) -> str:
    """The verdict by the interval of a gain, and by how often chance brings about such a loss."""
    worst, best = gains
    if worst >= -tolerance:
        return PASS
    return FAIL if best < -tolerance and p <= alpha else INCONCLUSIVE


def level_of(judged: Sequence[str]) -> float:
    """Level of the intervals: either end is passed by chance in ALPHA of all comparisons."""
    return 1 - 2 * ALPHA / len(judged)


def overall(changes: Sequence[Change]) -> str:
    """FAIL if anything judged fails, PASS if all of it passes."""
    verdicts = {change.verdict for change in changes} - {NOT_JUDGED}
    return FAIL if FAIL in verdicts else PASS if verdicts == {PASS} else INCONCLUSIVE


def _share_as_bad(chance: Float64, gain: float) -> float:
    """The observed change counts as one of them, so that it is never 0."""
    return float((1 + (chance <= gain + 1e-12).sum()) / (1 + len(chance)))
