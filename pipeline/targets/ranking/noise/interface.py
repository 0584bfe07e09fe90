"""The names of targets/protocols/noise.py, for rankings: what somebody took is not judged.

A code is the place of the item in the index. No network could say that an event is wrong; what
people should look at are users who behave unlike people, which clean lists as outliers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, Codes
from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.review.decisions import LabelChoices
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import Evidence, GivenLabels, LabelDoubt, Reliability
from pipeline.targets.ranking.labels.reading import ITEMS, column_type

LOSS: Any = None
SCHEMAS: dict[str, pa.Schema] = {}


@dataclass(frozen=True)
class ItemCheck:
    """Nothing is suspected."""

    quality: Float64
    is_issue: NDArray[np.bool_]
    is_sure: NDArray[np.bool_]
    proposed: Codes
    confidence: Float64
    noise_rate: float | None
    reliability: Reliability | None


def read_labels(values: pa.ChunkedArray, target: TargetIndex) -> GivenLabels:
    texts = values.cast(pa.string())
    places = pc.index_in(texts, pa.array(target[ITEMS], pa.string()))
    codes = np.asarray(pc.fill_null(places, 0).to_numpy(), np.int64)
    return GivenLabels(codes, np.asarray(pc.is_valid(places).to_numpy()))


def as_y(codes: Codes) -> NDArray[np.int32]:
    return codes.astype(np.int32)


def column(codes: Codes, target: TargetIndex) -> pa.Array:
    return pa.array(target[ITEMS], column_type()).take(pa.array(codes))


def as_text(codes: Codes, target: TargetIndex) -> list[str]:
    items = target[ITEMS]
    return [items[int(code)] for code in codes]


def code_of(text: str, target: TargetIndex) -> int:
    place: int = target[ITEMS].index(text)
    return place


def choices(target: TargetIndex) -> LabelChoices:
    known = {*target[ITEMS]}
    return LabelChoices(
        lambda text: text in known, "an item", "write an id of an item as the source has it"
    )


def differ(one: Codes, other: Codes) -> NDArray[np.bool_]:
    return np.asarray(one != other)


def check_labels(
    learnt: Evidence, tested: Evidence, target: TargetIndex
) -> tuple[ItemCheck, ItemCheck | None]:
    found = _unsuspected(learnt)
    return found, _unsuspected(tested) if len(tested.given) else None


def _unsuspected(evidence: Evidence) -> ItemCheck:
    if evidence.outputs is not None and not np.isfinite(evidence.outputs).all():
        raise ValueError("out-of-fold outputs are not finite")
    num = len(evidence.given)
    nothing = np.zeros(num, bool)
    return ItemCheck(
        np.ones(num), nothing, nothing, evidence.given.copy(), np.full(num, np.nan), 0.0, None
    )


def find_doubts(
    quality: Float64, annotations: Annotations | None, target: TargetIndex
) -> dict[int, LabelDoubt]:
    return {}


def tables(
    ids: Sequence[str],
    splits: Sequence[str],
    given: Codes,
    learnt: Rows,
    annotations: Annotations | None,
    check: ItemCheck | None,
    target: TargetIndex,
) -> dict[str, pa.Table]:
    return {}


def summary(annotations: Annotations | None, target: TargetIndex) -> dict[str, int | float]:
    return {}
