"""Selects labels that people should look at, with reasons."""

from collections import Counter

import numpy as np

from pipeline.dataset.annotations import Annotations
from pipeline.dataset.arrays import Float64
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import LabelDoubt

DOUBTFUL = 0.8
"""Label quality below which even a label that is more likely right than wrong is worth a look."""


def find_doubts(
    quality: Float64, annotations: Annotations | None, target: TargetIndex
) -> dict[int, LabelDoubt]:
    """See protocols/noise.py. Labels that were not judged are doubted if people differ."""
    names = target["classes"]
    doubts = {row: LabelDoubt(["label"], []) for row in np.flatnonzero(quality < DOUBTFUL).tolist()}
    for row, votes in _disputed(annotations, np.nan_to_num(quality, nan=0.0)).items():
        doubt = doubts.setdefault(row, LabelDoubt([], []))
        doubt.reasons.append("annotators")
        doubt.votes.extend((names[code], count) for code, count in votes.most_common())
    return doubts


def _disputed(annotations: Annotations | None, quality: Float64) -> dict[int, Counter[int]]:
    """Number of people for each class, in rows that they label differently and that stay
    doubtful."""
    if annotations is None:
        return {}
    doubtful = np.flatnonzero(quality < DOUBTFUL).tolist()
    votes: dict[int, Counter[int]] = {row: Counter() for row in doubtful}
    for row, label in zip(annotations.rows.tolist(), annotations.labels.tolist(), strict=True):
        if row in votes:
            votes[row][label] += 1
    return {row: counts for row, counts in votes.items() if len(counts) > 1}
