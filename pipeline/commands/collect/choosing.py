"""Chooses the served examples that people should look at.

Where labels came that contradict the model; where two models differ (labelling those alone decides
between the models with a seventh of the labels that random ones need); a few of whom the model
knows nothing; where it is in doubt; and a tenth at random, which alone is an honest sample of the
traffic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.dataset.arrays import Float64

RANDOM_SHARE, UNKNOWN_SHARE = 0.1, 0.25
TRUTH, DIFFER, DOUBT, RANDOM = "labels that came", "two models differ", "in doubt", "at random"
UNKNOWN = "of whom nothing is known"


@dataclass(frozen=True)
class Candidates:
    """N served examples that can be shown."""

    answers: Float64
    """`(N, K)`."""
    said: Sequence[Any]
    """The label, or number, that each answer names."""
    truths: Sequence[str | None]
    """Labels that came later."""
    is_wrong: Sequence[bool]
    """Whether an answer contradicts the label that came."""
    confidence: Float64 | None = None
    """How sure each answer is, `(N,)`; None for numbers."""
    is_known: Sequence[bool] | None = None
    """Whether the model knows anything of each; None where that makes no sense."""
    others: Sequence[Any] | None = None
    """What another model says of each."""


def choose(candidates: Candidates, num: int, seed: int) -> dict[int, str]:
    """Rows of the candidates, and why each is chosen; in the order in which to look at them."""
    total = len(candidates.said)
    random = np.random.default_rng(seed)
    order = random.permutation(total).tolist()
    num_random = min(total, max(1, round(num * RANDOM_SHARE)))
    sample = order[:num_random]
    chosen: dict[int, str] = {}
    for rows, why in (
        (np.flatnonzero(candidates.is_wrong).tolist(), TRUTH),
        (_different(candidates), DIFFER),
        (_unknown(candidates)[: round(num * UNKNOWN_SHARE)], UNKNOWN),
        (_doubtful(candidates), DOUBT),
    ):
        for row in rows:
            if len(chosen) < num - num_random and row not in sample:
                chosen.setdefault(row, why)
    chosen |= dict.fromkeys(sample, RANDOM)
    for row in order:  # where nothing is in doubt
        if len(chosen) < num:
            chosen.setdefault(row, RANDOM)
    return chosen


def _different(candidates: Candidates) -> list[int]:
    others = candidates.others
    if others is None:
        return []
    if candidates.answers.shape[1] > 1:
        pairs = zip(candidates.said, others, strict=True)
        return [row for row, (said, other) in enumerate(pairs) if said != other]
    gaps = np.abs(np.asarray(candidates.said, float) - np.asarray(others, float))
    return [int(row) for row in np.argsort(-gaps, kind="stable") if gaps[row] > 0]


def _doubtful(candidates: Candidates) -> list[int]:
    """The least confident first; of the unknown ones there are some already."""
    if candidates.confidence is None:
        return []
    unknown = {*_unknown(candidates)}
    rows = np.argsort(candidates.confidence, kind="stable").tolist()
    return [row for row in rows if row not in unknown]


def _unknown(candidates: Candidates) -> list[int]:
    """The newest first."""
    if candidates.is_known is None:
        return []
    found: list[int] = np.flatnonzero(~np.asarray(candidates.is_known, bool)).tolist()
    return found[::-1]
