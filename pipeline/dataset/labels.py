"""Labels: duplicates and leaks, and suspected errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations as Annotations
from pipeline.dataset.label_noise import infer_true_labels

SPLIT_PRIORITY = {"test": 0, "val": 1, "train": 2}
"""Of equal images in several splits the one in the first of these stays."""


def find_duplicates(
    digests: Sequence[str], splits: Sequence[str], ids: Sequence[str]
) -> dict[int, str]:
    """Which rows repeat another row's image, and why they should go.

    Of rows with equal digests the one in test stays, else in val, else in train; within a
    split the one with the least id. A repetition in another split is a leak. Test rows are
    never named: the test split stays as it is.
    """
    first: dict[str, int] = {}
    order = sorted(range(len(ids)), key=lambda row: (SPLIT_PRIORITY[splits[row]], ids[row]))
    reasons: dict[int, str] = {}
    for row in order:
        kept = first.setdefault(digests[row], row)
        if kept == row or splits[row] == "test":
            continue
        if splits[kept] == splits[row]:
            reasons[row] = f"duplicate of {ids[kept]}"
        else:
            reasons[row] = f"leak: same image as {ids[kept]} in {splits[kept]}"
    return reasons


@dataclass(frozen=True)
class LabelCheck:
    """What the label check found, row by row of N examples."""

    quality: NDArray[np.float64]
    """Probability that the given label is right: 0 surely wrong, 1 surely right."""
    is_issue: NDArray[np.bool_]
    """Where it is rather wrong than right."""
    proposed: NDArray[np.int64]
    """Index of the most probable class."""
    noise_rate: float
    """Estimated share of wrong labels, 0 to 1."""
    noise: NDArray[np.float64]
    """Estimated probability of each given class, `(K, K)`: row the true class, column the given."""


def check_labels(
    given: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    annotations: Annotations | None = None,
) -> LabelCheck:
    """How probable it is that each label is right.

    Args:
        given: class indices, shape `(N,)`.
        probabilities: shape `(N, K)`, of models that have not seen the example.
        annotations: what several people said; an example that they did not look at has its
            given label for evidence.

    Raises:
        ValueError: probabilities that are not finite.
    """
    num = np.arange(len(given))
    if annotations is None:
        annotations = Annotations(num[:0], num[:0], num[:0])
    alone = np.setdiff1d(num, annotations.rows)
    source = annotations.annotators.max(initial=-1) + 1  # the source counts as one more annotator
    found = infer_true_labels(
        probabilities,
        np.concatenate([annotations.rows, alone]),
        np.concatenate([annotations.annotators, np.full(len(alone), source)]),
        np.concatenate([annotations.labels, given[alone]]),
    )
    quality = found.posterior[num, given]
    return LabelCheck(
        quality=quality,
        is_issue=quality < 0.5,
        proposed=found.posterior.argmax(1),
        noise_rate=float(1 - quality.mean()) if len(given) else 0.0,
        noise=found.confusion,
    )
