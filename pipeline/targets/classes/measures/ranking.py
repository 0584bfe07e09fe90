"""Metrics of the order of probabilities, and of their distance from the truth.

One class against all others, `(N,)` scores each; as in scikit-learn's roc_auc_score,
average_precision_score and brier_score_loss.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.targets.classes.measures.metrics import Labels

SPECIFICITY = 0.95
"""The specificity at which sensitivity is given: at most 5 % of the others count as the class."""


def auc(positive: NDArray[np.bool_], scores: Float64) -> float:
    """Area under the ROC curve; ties count half. NaN where one side has no example."""
    num, others = int(positive.sum()), int((~positive).sum())
    if not num or not others:
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[place]
    return float((ranks[positive].sum() - num * (num + 1) / 2) / (num * others))


def average_precision(positive: NDArray[np.bool_], scores: Float64) -> float:
    """Mean precision at each threshold, weighted by the gain in recall; NaN without a positive."""
    if not positive.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits, ordered = np.cumsum(positive[order]), scores[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    precision, recall = hits[ends] / (ends + 1), hits[ends] / hits[-1]
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def sensitivity_at(
    positive: NDArray[np.bool_], scores: Float64, specificity: float = SPECIFICITY
) -> float:
    """The largest share of positives found by a threshold of at least this specificity.

    NaN where one side has no example.
    """
    if not positive.any() or positive.all():
        return float("nan")
    others = np.sort(scores[~positive])
    allowed = int(np.floor((1 - specificity) * len(others) + 1e-9))
    threshold = others[len(others) - 1 - allowed]  # at most this many are above it
    return float((scores[positive] > threshold).mean())


def brier(probabilities: Float64, labels: Labels) -> float:
    """Mean squared distance to the truth: for two classes that of one, for more the sum of all."""
    truth = np.eye(probabilities.shape[1])[labels]
    squares = ((probabilities - truth) ** 2).sum(1).mean()
    return float(squares / 2 if probabilities.shape[1] == 2 else squares)


def by_class(probabilities: Float64, labels: Labels) -> dict[str, Float64]:
    """`auc`, `average_precision` and `sensitivity` of each class, `(K,)`, NaN where undefined."""
    columns = [(labels == code, probabilities[:, code]) for code in range(probabilities.shape[1])]
    return {
        name: np.array([function(positive, scores) for positive, scores in columns])
        for name, function in (
            ("auc", auc),
            ("average_precision", average_precision),
            ("sensitivity", sensitivity_at),
        )
    }


def summary(probabilities: Float64, labels: Labels) -> dict[str, float]:
    """The mean of `by_class` over classes that have a value, and `brier`; 0 where none has."""
    means = {}
    for name, values in by_class(probabilities, labels).items():
        known = values[np.isfinite(values)]
        means[name] = float(known.mean()) if len(known) else 0.0
    return means | {"brier": brier(probabilities, labels)}
