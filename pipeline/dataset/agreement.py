"""How much annotators agree beyond chance: Krippendorff's alpha for nominal labels.

Krippendorff, "Computing Krippendorff's alpha-reliability" (2011); Hayes & Krippendorff, "Answering
the call for a standard reliability measure for coding data" (2007). Labels may be missing: what
one person alone has labelled tells nothing of agreement and is left out.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

AGREEMENT_COLUMNS = ["class", "alpha"]


class Agreement(NamedTuple):
    alpha: float | None
    """1: they never disagree; 0: as often as by chance; below: more often. None where nothing can
    be said: no example has two labels, or all labels are of one class."""
    by_class: list[float | None]
    """Of each class against the rest; None where a class has no label, or all."""
    num_examples: int
    """How many have two labels or more."""
    num_labels: int
    """On these examples."""


def agreement(rows: NDArray[Any], labels: NDArray[Any], num_classes: int) -> Agreement:
    """Krippendorff's alpha of labels that each are by another annotator where they share a row.

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


def agreement_rows(found: Agreement, classes: Sequence[str]) -> list[list[str]]:
    """What reports/agreement.csv says, the header first: a row for each class; blank for None."""
    alphas = ["" if alpha is None else f"{alpha:.6f}" for alpha in found.by_class]
    return [AGREEMENT_COLUMNS, *map(list, zip(classes, alphas, strict=True))]


def _alpha(observed: float, expected: float) -> float | None:
    return float(1 - observed / expected) if expected > 0 else None
