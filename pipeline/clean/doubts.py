"""Finds the examples that people should look at, in order, with reasons: the review queue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipeline.clean.duplicates import Repetition
from pipeline.clean.ledger import Ledger
from pipeline.dataset.annotations import Annotations
from pipeline.dataset.review.queue import BY_MODELS, REVIEW_QUEUE_SCHEMA


@dataclass
class Doubt:
    """Why people should look at an example."""

    reasons: list[str] = field(default_factory=list)
    """Some of REASONS of dataset/review/queue.py, in the order in which they are explained."""
    votes: list[tuple[str, int]] = field(default_factory=list)
    """Number of people for each label, where they differ; the most frequent first."""
    like: int | None = None
    """Row of the example that this leak or near duplicate looks like."""


def find_doubts(
    rows: Ledger, repetitions: Iterable[Repetition], annotations: Annotations | None
) -> dict[int, Doubt]:
    """Collect the doubts about each row, the most doubtful first.

    Args:
        repetitions: examples that repeat or resemble another.
        annotations: labels by several people; their rows are those of the ledger.
    """
    of_labels = rows.noise.find_doubts(rows.quality, annotations, rows.target)
    doubts = {row: Doubt([*doubt.reasons], doubt.votes) for row, doubt in of_labels.items()}

    def of(row: int) -> Doubt:
        return doubts.setdefault(row, Doubt())

    for row in np.flatnonzero(rows.doubted).tolist():  # even if likely right, where models guess
        if "label" not in of(row).reasons:
            of(row).reasons.insert(0, "label")
    near = [(r.row, r.of) for r in repetitions if r.kind != "exact" and rows.labelled[r.of]]
    first, second = np.array(near, np.int64).reshape(-1, 2).T
    differ = rows.noise.differ(rows.given[first], rows.given[second]).tolist()
    for (row, other), differs in zip(near, differ, strict=True):
        reasons = ["leak"] * (row in rows.guessed) + ["near duplicate"] * differs
        if reasons:
            of(row).reasons += reasons
            of(row).like = other
    for row in rows.shown_outliers.tolist():
        of(row).reasons.append("outlier")
    quality = np.where(np.isnan(rows.quality), 1.0, rows.quality)
    order = sorted(doubts, key=lambda row: (not rows.suspected[row], quality[row], rows.ids[row]))
    return {row: doubts[row] for row in order if rows.labelled[row]}


def as_queue(
    doubts: Mapping[int, Doubt],
    rows: Ledger,
    neighbours: Mapping[int, Sequence[int]],
    judges: str = BY_MODELS,
) -> pa.Table:
    """The review queue, in the order of the doubts.

    `neighbours` are rows like each row; `judges` estimate how likely labels are right.
    """
    chosen = np.array(list(doubts), np.int64)
    likes = [doubt.like for doubt in doubts.values()]
    quality, confidence = (
        pa.array(values[chosen].astype(np.float32), from_pandas=True)
        for values in (rows.quality, rows.confidence)
    )
    columns = {
        "id": [rows.ids[row] for row in doubts],
        "split": [rows.splits[row] for row in doubts],
        "given": rows.text(rows.given[chosen]),
        "proposed": rows.text(rows.proposed[chosen]),
        "judges": [judges] * len(doubts),
        "confidence": confidence,
        "label_quality": quality,
        "reasons": [doubt.reasons for doubt in doubts.values()],
        "votes": [
            [{"label": label, "count": count} for label, count in doubt.votes]
            for doubt in doubts.values()
        ],
        "like": [None if row is None else rows.ids[row] for row in likes],
        "like_split": [None if row is None else rows.splits[row] for row in likes],
        "like_label": [None if row is None else rows.text(rows.given[[row]])[0] for row in likes],
        "neighbours": [[rows.ids[other] for other in neighbours.get(row, ())] for row in doubts],
    }
    return pa.table(columns, schema=REVIEW_QUEUE_SCHEMA)
