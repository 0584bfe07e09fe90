"""Labels: duplicates and leaks, suspected errors, and people's decisions about them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations as Annotations
from pipeline.dataset.label_noise import infer_true_labels
from pipeline.runtime.errors import ReviewError

REVIEWS_DIR = Path("data/reviews")
REVIEW_COLUMNS = ["id", "given", "decision", "reviewer", "note"]
KEEP, DROP = "keep", "drop"

SPLIT_PRIORITY = {"test": 0, "val": 1, "train": 2}
"""Of equal images in several splits the one in the first of these stays."""


@dataclass(frozen=True)
class Decision:
    """What a person decided about one example."""

    id: str
    given: str
    """The label it had when it was decided."""
    decision: str
    """`keep` the label, `drop` the example, or the name of the right class."""


def read_decisions(dataset: str, classes: Sequence[str]) -> dict[str, Decision]:
    """People's decisions by id, from data/reviews/<dataset>.csv; of several the last counts.

    Raises:
        ReviewError: naming the line, when it has other columns or an unknown decision.
    """
    path = REVIEWS_DIR / f"{dataset}.csv"
    if not path.exists():
        return {}
    decisions: dict[str, Decision] = {}
    try:
        content = path.read_text(encoding="utf-8-sig")  # spreadsheets begin with a mark
    except UnicodeDecodeError:
        raise ReviewError(f"{path} is not UTF-8 text", fix="save it as UTF-8") from None
    with io.StringIO(content, newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != REVIEW_COLUMNS:
            raise ReviewError(
                f"{path} must have the columns {','.join(REVIEW_COLUMNS)}, "
                f"found {','.join(reader.fieldnames or [])}",
                fix="mend its first line",
            )
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():
                raise ReviewError(f"{where} has not five values", fix="mend the line")
            if row["decision"] not in (KEEP, DROP, *classes):
                raise ReviewError(
                    f"{where}: decision must be {KEEP}, {DROP} or a class, "
                    f"found {row['decision']!r}",
                    fix=f"the classes are {', '.join(classes)}",
                )
            decisions[row["id"]] = Decision(row["id"], row["given"], row["decision"])
    return decisions


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
