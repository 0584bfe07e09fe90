"""Which examples people should look at, in which order, and why: the rows of the review queue."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.clean.duplicates import Repetition
from pipeline.clean.ledger import Ledger
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.review_queue import BY_MODELS, REVIEW_QUEUE_SCHEMA

DOUBTFUL = 0.8
"""Of label quality: below it a label that is rather right than wrong is worth a look."""


@dataclass
class Doubt:
    """Why people should look at an example."""

    reasons: list[str] = field(default_factory=list)
    """Out of those of review_queue.py, in the order in which they are explained."""
    votes: Counter[int] = field(default_factory=Counter)
    """How many people gave each class, where they differ."""
    like: int | None = None
    """Row of the example that a leak or near duplicate looks like."""


def find_doubts(
    rows: Ledger, repetitions: Iterable[Repetition], annotations: Annotations | None
) -> dict[int, Doubt]:
    """What there is to doubt in each row, the most doubtful first.

    Args:
        repetitions: which images repeat or resemble which.
        annotations: labels by several people; their rows are those of the ledger.
    """
    doubts: dict[int, Doubt] = {}

    def of(row: int) -> Doubt:
        return doubts.setdefault(row, Doubt())

    for row in np.flatnonzero(rows.quality < DOUBTFUL).tolist():
        of(row).reasons.append("label")
    for row, votes in _disputed(annotations, np.nan_to_num(rows.quality, nan=0.0)).items():
        of(row).reasons.append("annotators")
        of(row).votes = votes
    for repetition in repetitions:
        row, other = repetition.row, repetition.of
        if repetition.kind == "exact" or rows.given[other] < 0:
            continue
        is_removed, differs = row in rows.guessed, rows.given[row] != rows.given[other]
        reasons = ["leak"] * is_removed + ["near duplicate"] * bool(differs)
        if reasons:
            of(row).reasons += reasons
            of(row).like = other
    for row in np.flatnonzero(rows.outliers).tolist():
        of(row).reasons.append("outlier")
    quality = np.where(np.isnan(rows.quality), 1.0, rows.quality)
    order = sorted(doubts, key=lambda row: (not rows.suspected[row], quality[row], rows.ids[row]))
    return {row: doubts[row] for row in order if rows.given[row] >= 0}


def as_queue(
    doubts: Mapping[int, Doubt],
    rows: Ledger,
    neighbours: Mapping[int, Sequence[int]],
    judges: str = BY_MODELS,
) -> pa.Table:
    """The review queue, in the order of the doubts.

    `neighbours` are rows like each row; `judges` say how likely labels are right.
    """
    names, likes = rows.classes, [doubt.like for doubt in doubts.values()]
    quality, confidence = (
        pa.array(np.array([values[row] for row in doubts], np.float32), from_pandas=True)
        for values in (rows.quality, rows.confidence)
    )
    columns = {
        "id": [rows.ids[row] for row in doubts],
        "split": [rows.splits[row] for row in doubts],
        "given": [names[rows.given[row]] for row in doubts],
        "proposed": [names[rows.proposed[row]] for row in doubts],
        "judges": [judges] * len(doubts),
        "confidence": confidence,
        "label_quality": quality,
        "reasons": [doubt.reasons for doubt in doubts.values()],
        "votes": [
            [{"label": names[code], "count": count} for code, count in doubt.votes.most_common()]
            for doubt in doubts.values()
        ],
        "like": [None if row is None else rows.ids[row] for row in likes],
        "like_split": [None if row is None else rows.splits[row] for row in likes],
        "like_label": [None if row is None else names[rows.given[row]] for row in likes],
        "neighbours": [[rows.ids[other] for other in neighbours.get(row, ())] for row in doubts],
    }
    return pa.table(columns, schema=REVIEW_QUEUE_SCHEMA)


def _disputed(
    annotations: Annotations | None, quality: NDArray[np.float64]
) -> dict[int, Counter[int]]:
    """How many people gave each class, of the rows that they label differently and that stay
    doubtful."""
    if annotations is None:
        return {}
    doubtful = np.flatnonzero(quality < DOUBTFUL).tolist()
    votes: dict[int, Counter[int]] = {row: Counter() for row in doubtful}
    for row, label in zip(annotations.rows.tolist(), annotations.labels.tolist(), strict=True):
        if row in votes:
            votes[row][label] += 1
    return {row: counts for row, counts in votes.items() if len(counts) > 1}
