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
from pipeline.dataset.review_queue import REVIEW_QUEUE_SCHEMA

DOUBTFUL = 0.8
"""Of label quality: below it a label that is rather right than wrong is worth a look."""


@dataclass
class Doubt:
    """Why people should look at an example."""

    reasons: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    def add(self, reason: str, sentence: str) -> None:
        self.reasons.append(reason)
        self.why.append(sentence)


def find_doubts(
    rows: Ledger,
    repetitions: Iterable[Repetition],
    votes: Annotations | None,
    judges: str = "Models that have not seen it",
) -> dict[int, Doubt]:
    """What there is to doubt in each row, the most doubtful first.

    Args:
        repetitions: which images repeat or resemble which.
        votes: what several people said; their rows are those of the ledger.
        judges: who says how likely labels are right.
    """
    doubts: dict[int, Doubt] = {}
    names = rows.classes

    def of(row: int) -> Doubt:
        return doubts.setdefault(row, Doubt())

    for row in np.flatnonzero(rows.quality < DOUBTFUL).tolist():
        given, proposed = names[rows.given[row]], names[rows.proposed[row]]
        chance = f"{given} has {rows.quality[row]:.0%}."
        of(row).add(
            "label",
            f"{judges} say {proposed} ({rows.confidence[row]:.0%}); {chance}"
            if proposed != given
            else f"{judges} are unsure: {chance}",
        )
    for row, said in _disputed(votes, np.nan_to_num(rows.quality, nan=0.0)).items():
        counts = ", ".join(f"{count} {names[code]}" for code, count in said.most_common())
        of(row).add("annotators", f"People do not agree: {counts}.")
    for found in repetitions:
        row, other = found.row, found.of
        if found.kind == "exact" or rows.given[other] < 0:
            continue
        like = f"It looks like {rows.ids[other]} in {rows.splits[other]}"
        label = names[rows.given[other]]
        if row in rows.guessed:
            of(row).add("leak", f"{like}, and is removed for it.")
        if rows.given[row] != rows.given[other]:
            of(row).add("near duplicate", f"{like}, which is {label}.")
    for row in np.flatnonzero(rows.outliers).tolist():
        of(row).add("outlier", "Its brightness, sharpness or colours are unlike all others.")
    quality = np.where(np.isnan(rows.quality), 1.0, rows.quality)
    order = sorted(doubts, key=lambda row: (not rows.suspected[row], quality[row], rows.ids[row]))
    return {row: doubts[row] for row in order if rows.given[row] >= 0}


def as_queue(
    doubts: Mapping[int, Doubt], rows: Ledger, neighbours: Mapping[int, Sequence[int]]
) -> pa.Table:
    """The review queue, in the order of the doubts; `neighbours` are rows like each row."""
    quality = np.array([rows.quality[row] for row in doubts], np.float32)
    columns = {
        "id": [rows.ids[row] for row in doubts],
        "split": [rows.splits[row] for row in doubts],
        "given": [rows.classes[rows.given[row]] for row in doubts],
        "proposed": [rows.classes[rows.proposed[row]] for row in doubts],
        "label_quality": pa.array(quality, pa.float32(), from_pandas=True),
        "reasons": [doubt.reasons for doubt in doubts.values()],
        "why": [" ".join(doubt.why) for doubt in doubts.values()],
        "neighbours": [[rows.ids[other] for other in neighbours.get(row, ())] for row in doubts],
    }
    return pa.table(columns, schema=REVIEW_QUEUE_SCHEMA)


def _disputed(votes: Annotations | None, quality: NDArray[np.float64]) -> dict[int, Counter[int]]:
    """What people said of the rows that they label differently and that stay doubtful."""
    if votes is None:
        return {}
    doubtful = np.flatnonzero(quality < DOUBTFUL).tolist()
    found: dict[int, Counter[int]] = {row: Counter() for row in doubtful}
    for row, label in zip(votes.rows.tolist(), votes.labels.tolist(), strict=True):
        if row in found:
            found[row][label] += 1
    return {row: said for row, said in found.items() if len(said) > 1}
