"""The names of targets/protocols/noise.py, for numbers. A code is the number itself."""

from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, Codes
from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.review.decisions import LabelChoices
from pipeline.targets.numbers.labels.reading import column_type, number_of
from pipeline.targets.numbers.noise.residuals import NumberCheck, check_labels, unit_of
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import GivenLabels, LabelDoubt

__all__ = ["check_labels"]

LOSS = SimpleNamespace(loss="absolute")  # robust to a few wrong numbers
SCHEMAS: dict[str, pa.Schema] = {}
DOUBTFUL = 0.8
"""Label quality below which even a number that is more likely right than wrong is worth a look."""
NEAR = 0.05  # as a share of the larger of two numbers that count as equal


def read_labels(values: pa.ChunkedArray, target: TargetIndex) -> GivenLabels:
    """Read numbers, or texts of numbers by several people."""
    if not pa.types.is_floating(values.type):
        texts = values.cast(pa.string()).to_pylist()
        parsed = [None if text is None else number_of(text) for text in texts]
        values = pa.chunked_array([pa.array(parsed, column_type())])
    numbers = np.asarray(values, np.float64)
    known = np.isfinite(numbers)
    return GivenLabels(np.where(known, numbers, 0.0), known)


def as_y(codes: Codes) -> NDArray[np.float32]:
    middle, scale = unit_of(codes)
    return ((codes - middle) / scale).astype(np.float32)


def column(codes: Codes, target: TargetIndex) -> pa.Array:
    return pa.array(codes, column_type())


def as_text(codes: Codes, target: TargetIndex) -> list[str]:
    """The shortest text that reads back as the same number."""
    return [repr(float(code)).removesuffix(".0") for code in codes]


def code_of(text: str, target: TargetIndex) -> float:
    code = number_of(text)
    assert code is not None, "choices let it through"
    return code


def choices(target: TargetIndex) -> LabelChoices:
    return LabelChoices(
        lambda text: number_of(text) is not None,
        "a number",
        "write it with a decimal point, such as 3, -0.5 or 1e3",
    )


def differ(one: Codes, other: Codes) -> NDArray[np.bool_]:
    different: NDArray[np.bool_] = np.abs(one - other) > NEAR * np.maximum(
        np.abs(one), np.abs(other)
    )
    return different


def find_doubts(
    quality: Float64, annotations: Annotations | None, target: TargetIndex
) -> dict[int, LabelDoubt]:
    """See protocols/noise.py. Numbers that were not judged are doubted if people differ."""
    doubts = {row: LabelDoubt(["label"], []) for row in np.flatnonzero(quality < DOUBTFUL).tolist()}
    if annotations is None:
        return doubts
    doubtful = {*np.flatnonzero(np.nan_to_num(quality, nan=0.0) < DOUBTFUL).tolist()}
    votes: dict[int, Counter[str]] = {}
    texts = as_text(annotations.labels, target)
    for row, text in zip(annotations.rows.tolist(), texts, strict=True):
        if row in doubtful:
            votes.setdefault(row, Counter())[text] += 1
    for row, counts in votes.items():
        if len(counts) > 1:
            doubt = doubts.setdefault(row, LabelDoubt([], []))
            doubt.reasons.append("annotators")
            doubt.votes.extend(counts.most_common())
    return doubts


def tables(
    ids: Sequence[str],
    splits: Sequence[str],
    given: Codes,
    learnt: Rows,
    annotations: Annotations | None,
    check: NumberCheck | None,
    target: TargetIndex,
) -> dict[str, pa.Table]:
    return {}


def summary(annotations: Annotations | None, target: TargetIndex) -> dict[str, int | float]:
    """Number of annotators and of their labels."""
    if not annotations:
        return {}
    return {
        "annotators": len(np.unique(annotations.annotators)),
        "annotations": len(annotations.rows),
    }
