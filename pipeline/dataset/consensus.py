"""What several people's labels say together: how good each annotator is, which labels to buy next.

The consensus of an example is the most probable class by label_noise.py, from the labels, what is
known of those who gave them, and models.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, Codes

Floats = NDArray[np.float64]
Table = list[list[str]]
"""Rows of a CSV file, the header first."""

ANNOTATOR_COLUMNS = [
    "annotator",
    "labels",
    "agreement",  # with the majority of the others; of equals, its share; blank without others
    "accuracy",  # estimated
    "kappa",  # accuracy beyond chance (Cohen 1960): 1 always right, 0 as guessing by its habits
    "worst_class",
    "worst_class_recall",  # estimated
]
QUEUE_COLUMNS = ["id", "split", "given", "consensus", "confidence", "num_labels", "gain"]

PSEUDO_LABELS = 10.0  # of each class, by an average annotator, so that few labels prove nothing
LIKELY_CLASSES = 5
"""As many of an example are looked at; another label is as good as never for one beyond."""
ROWS_AT_ONCE = 1 << 16


def annotator_rows(said: Annotations, posterior: Floats, classes: Sequence[str]) -> Table:
    """What reports/annotators.csv says: a row for each annotator with labels, by name.

    Args:
        posterior: probability of each class, `(N, K)`.
    """
    num, num_classes = len(said.names), len(classes)
    cells = said.annotators * num_classes + said.labels
    shape = (num, num_classes)
    labels = np.bincount(cells, minlength=num * num_classes).reshape(shape)
    chances = posterior[said.rows, said.labels]
    right = np.bincount(cells, chances, num * num_classes).reshape(shape)
    true = np.stack(
        [np.bincount(said.annotators, posterior[said.rows, k], num) for k in range(num_classes)], 1
    )
    given = labels.sum(1)
    agreed = agreement_with_others(said, num_classes)
    of_pool = right.sum(0) / true.sum(0).clip(1e-9)
    recall = (right + PSEUDO_LABELS * of_pool) / (true + PSEUDO_LABELS)
    recall[true < np.minimum(0.5, true.max(1, keepdims=True))] = np.inf  # hardly met
    worst = recall.argmin(1)
    found = []
    for who in sorted(np.flatnonzero(given), key=lambda number: said.names[number]):
        accuracy = right[who].sum() / given[who]
        by_chance = (labels[who] * true[who]).sum() / given[who] ** 2
        kappa = (accuracy - by_chance) / (1 - by_chance) if by_chance < 1 else np.nan
        numbers = [agreed[who], accuracy, kappa]
        found.append(
            [
                said.names[who],
                str(given[who]),
                *map(_text, numbers),
                classes[worst[who]],
                _text(recall[who, worst[who]]),
            ]
        )
    return [ANNOTATOR_COLUMNS, *found]


def agreement_with_others(said: Annotations, num_classes: int) -> Floats:
    """How often each annotator says what most others say of an example, `(A,)`, 0 to 1.

    Of c classes that are equally frequent, each counts as 1 / c right. Examples that nobody else
    has labelled do not count; NaN for those who have no others.
    """
    cells, own_cell, counts = np.unique(
        said.rows * num_classes + said.labels, return_inverse=True, return_counts=True
    )
    _, start, example = np.unique(cells // num_classes, return_index=True, return_inverse=True)
    if not len(start):
        return np.full(len(said.names), np.nan)
    most = np.maximum.reduceat(counts, start)[example]
    is_most = counts == most
    alone_on_top = np.add.reduceat(is_most.astype(np.int64), start)[example] == 1
    second = np.maximum.reduceat(np.where(is_most, 0, counts), start)[example]
    num_second = np.add.reduceat((~is_most & (counts == second)).astype(np.int64), start)[example]
    # Without the own label, a class is among the most frequent only if it was alone on top.
    share = np.where(most - 1 > second, 1.0, 1 / (1 + num_second))
    share = np.where(is_most & alone_on_top & (most > 1), share, 0.0)
    labels_of_example = np.add.reduceat(counts, start)[example]
    has_others = labels_of_example[own_cell] > 1
    who = said.annotators[has_others]
    num = np.bincount(who, minlength=len(said.names))
    agreed = np.bincount(who, share[own_cell[has_others]], len(said.names))
    return np.where(num > 0, agreed / num.clip(1), np.nan)


def expected_gain(posterior: Floats, confusion: Floats) -> Floats:
    """By how much one more label would raise the probability that the consensus is right, `(N,)`.

    The label is by an average annotator. It is the value of information (Howard 1966) of the
    label: the mean over what it may say of the probability of the best class then, less that of
    the best class now; zero where no answer would change the consensus.

    Args:
        posterior: probability of each class, `(N, K)`.
        confusion: of all annotators together, `(K, K)`: row the true class, column the given one.
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
    said: Annotations,
    posterior: Floats,
    confusion: Floats,
    classes: Sequence[str],
    limit: int,
) -> Table:
    """What reports/relabel_queue.csv says: the examples most worth another label, the best first.

    It works with one label for each example too.

    Args:
        given: class indices, `(N,)`.
        said: by everybody of these examples; see `with_given_labels`.
        limit: of rows. Ask again after so many labels: they change what is worth most.
    """
    gain = expected_gain(posterior, confusion).round(6)  # as written, so that equals keep order
    consensus = posterior.argmax(1)
    num_labels = np.bincount(said.rows, minlength=len(ids))
    rows = np.argsort(-gain, kind="stable")[:limit]
    return [
        QUEUE_COLUMNS,
        *(
            [
                ids[row],
                splits[row],
                classes[given[row]],
                classes[consensus[row]],
                _text(posterior[row, consensus[row]]),
                str(num_labels[row]),
                _text(gain[row]),
            ]
            for row in rows[gain[rows] > 0]
        ),
    ]


def _text(number: float) -> str:
    return f"{number:.6f}" if np.isfinite(number) else ""
