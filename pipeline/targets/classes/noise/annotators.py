"""Several people's labels: their agreement, the quality of annotators, what to label next.

Agreement beyond chance is Krippendorff's alpha for nominal labels:

Krippendorff, "Computing Krippendorff's alpha-reliability" (2011); Hayes & Krippendorff, "Answering
the call for a standard reliability measure for coding data" (2007). Labels may be missing: examples
that only one person has labelled are left out.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, Codes
from pipeline.dataset.arrays import Float64
from pipeline.dataset.findings import table_of
from pipeline.targets.classes.noise.schemas import SCHEMAS

PSEUDO_LABELS = (
    10.0  # labels of each class by an average annotator, added so that few labels prove nothing
)
LIKELY_CLASSES = 5
"""Only this many most likely classes of an example are considered; a new label hardly ever names
another."""
ROWS_AT_ONCE = 1 << 16


class Agreement(NamedTuple):
    alpha: float | None
    """1: they never disagree; 0: as often as by chance; below: more often. None if undefined: no
    example has two labels, or all labels are of one class."""
    by_class: list[float | None]
    """Alpha of each class against the rest; None if a class has no label, or all."""
    num_examples: int
    """Number of examples with two labels or more."""
    num_labels: int
    """Number of labels on these examples."""


def agreement(rows: NDArray[Any], labels: NDArray[Any], num_classes: int) -> Agreement:
    """Krippendorff's alpha; labels that share a row are by different annotators.

    The disagreement of class k with the rest in an example with m labels, n of them k, is
    n (m - n) / (m - 1); that of all classes is their sum.

    Args:
        rows: the example of each label, `(M,)`, from 0.
        labels: class indices, `(M,)`.
    """
    given = np.bincount(rows)
    paired = given[rows] > 1
    cells, counts = np.unique(
        rows[paired].astype(np.int64) * num_classes + labels[paired], return_counts=True
    )
    of_class = cells % num_classes
    of_example = given[cells // num_classes]
    disagreement = counts * (of_example - counts) / (of_example - 1)
    observed = np.bincount(of_class, disagreement, num_classes)
    totals = np.bincount(of_class, counts, num_classes)
    num_labels = totals.sum()
    expected = totals * (num_labels - totals) / max(num_labels - 1, 1)
    return Agreement(
        alpha=_alpha(observed.sum(), expected.sum()),
        by_class=[_alpha(*pair) for pair in zip(observed, expected, strict=True)],
        num_examples=int((given > 1).sum()),
        num_labels=int(num_labels),
    )


def agreement_table(found: Agreement, classes: Sequence[str]) -> pa.Table:
    """The table `agreement` of data/findings: a row for each class; null where undefined."""
    return table_of(SCHEMAS["agreement"], list(zip(classes, found.by_class, strict=True)))


def _alpha(observed: float, expected: float) -> float | None:
    return float(1 - observed / expected) if expected > 0 else None


def annotator_table(
    annotations: Annotations, posterior: Float64, classes: Sequence[str]
) -> pa.Table:
    """The table `annotators` of data/findings: a row for each annotator with labels, by name.

    Args:
        posterior: probability of each class, `(N, K)`.
    """
    num, num_classes = len(annotations.names), len(classes)
    cells = annotations.annotators * num_classes + annotations.labels
    shape = (num, num_classes)
    labels = np.bincount(cells, minlength=num * num_classes).reshape(shape)
    chances = posterior[annotations.rows, annotations.labels]
    right = np.bincount(cells, chances, num * num_classes).reshape(shape)
    true = np.stack(
        [
            np.bincount(annotations.annotators, posterior[annotations.rows, k], num)
            for k in range(num_classes)
        ],
        1,
    )
    given = labels.sum(1)
    agreed = agreement_with_others(annotations, num_classes)
    of_pool = right.sum(0) / true.sum(0).clip(1e-9)
    recall = (right + PSEUDO_LABELS * of_pool) / (true + PSEUDO_LABELS)
    recall[true < np.minimum(0.5, true.max(1, keepdims=True))] = np.inf  # rarely met
    worst = recall.argmin(1)
    found = []
    for who in sorted(np.flatnonzero(given), key=lambda number: annotations.names[number]):
        accuracy = right[who].sum() / given[who]
        by_chance = (labels[who] * true[who]).sum() / given[who] ** 2
        kappa = (accuracy - by_chance) / (1 - by_chance) if by_chance < 1 else np.nan
        numbers = [agreed[who], accuracy, kappa]
        found.append(
            [
                annotations.names[who],
                int(given[who]),
                *map(_or_null, numbers),
                classes[worst[who]],
                _or_null(recall[who, worst[who]]),
            ]
        )
    return table_of(SCHEMAS["annotators"], found)


def agreement_with_others(annotations: Annotations, num_classes: int) -> Float64:
    """How often each annotator agrees with most others on an example, `(A,)`, 0 to 1.

    Of c classes that are equally frequent, each counts as 1 / c right. Examples that nobody else
    has labelled do not count; NaN for annotators without others.
    """
    cells, own_cell, counts = np.unique(
        annotations.rows * num_classes + annotations.labels, return_inverse=True, return_counts=True
    )
    _, start, example = np.unique(cells // num_classes, return_index=True, return_inverse=True)
    if not len(start):
        return np.full(len(annotations.names), np.nan)
    most = np.maximum.reduceat(counts, start)[example]
    is_most = counts == most
    alone_on_top = np.add.reduceat(is_most.astype(np.int64), start)[example] == 1
    second = np.maximum.reduceat(np.where(is_most, 0, counts), start)[example]
    num_second = np.add.reduceat((~is_most & (counts == second)).astype(np.int64), start)[example]
    # Without the annotator's own label, a class stays among the most frequent only if it led alone.
    share = np.where(most - 1 > second, 1.0, 1 / (1 + num_second))
    share = np.where(is_most & alone_on_top & (most > 1), share, 0.0)
    labels_of_example = np.add.reduceat(counts, start)[example]
    has_others = labels_of_example[own_cell] > 1
    who = annotations.annotators[has_others]
    num = np.bincount(who, minlength=len(annotations.names))
    agreed = np.bincount(who, share[own_cell[has_others]], len(annotations.names))
    return np.where(num > 0, agreed / num.clip(1), np.nan)


def expected_gain(posterior: Float64, confusion: Float64) -> Float64:
    """The gain in the probability that the consensus is right from one more label, `(N,)`.

    The label is by an average annotator. The gain is its value of information (Howard 1966): the
    mean over possible labels of the probability of the best class after it, less that of the best
    class now; zero if no label would change the consensus.

    Args:
        posterior: probability of each class, `(N, K)`.
        confusion: pooled over annotators, `(K, K)`: row the true class, column the given one.
    """
    num, num_classes = posterior.shape
    few = min(LIKELY_CLASSES, num_classes)
    gain = np.empty(num)
    for start in range(0, num, ROWS_AT_ONCE):
        part = posterior[start : start + ROWS_AT_ONCE]
        likely = np.argsort(-part, 1, kind="stable")[:, :few]
        chances = np.take_along_axis(part, likely, 1)
        # [example, true class, given class]: both happen
        both = chances[:, :, None] * confusion[likely[:, :, None], likely[:, None, :]]
        gain[start : start + ROWS_AT_ONCE] = (both.max(1) - both[:, 0]).sum(1)
    return gain


def relabel_queue(
    ids: Sequence[str],
    splits: Sequence[str],
    given: Codes,
    annotations: Annotations,
    posterior: Float64,
    confusion: Float64,
    classes: Sequence[str],
    limit: int,
) -> pa.Table:
    """The table `relabel_queue` of data/findings: examples most worth another label, best first.

    It works with one label for each example too.

    Args:
        given: class indices, `(N,)`.
        annotations: labels of these examples by everybody; see `with_given_labels`.
        limit: number of rows. Rank again after as many labels: they change the order.
    """
    gain = expected_gain(posterior, confusion).round(
        6
    )  # as written, so that equal ones keep their order
    consensus = posterior.argmax(1)
    num_labels = np.bincount(annotations.rows, minlength=len(ids))
    rows = np.argsort(-gain, kind="stable")[:limit]
    return table_of(
        SCHEMAS["relabel_queue"],
        [
            (
                ids[row],
                splits[row],
                classes[given[row]],
                classes[consensus[row]],
                float(posterior[row, consensus[row]]),
                int(num_labels[row]),
                float(gain[row]),
            )
            for row in rows[gain[rows] > 0]
        ],
    )


def _or_null(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
