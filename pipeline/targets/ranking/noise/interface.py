"""The names of targets/protocols/noise.py, for rankings: what somebody took is not judged.

A code is the place of the item in the index. No network could say that an event is wrong; what
people should look at are users who behave unlike people, which clean lists as outliers.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.annotations import Annotations, Codes
from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.review.decisions import LabelChoices
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import GivenLabels, LabelDoubt
from pipeline.targets.ranking.labels.reading import ITEMS, column_type
from pipeline.targets.ranking.noise.checking import ItemCheck, check_labels

__all__ = ["check_labels"]

LOSS: Any = None
SCHEMAS: dict[str, pa.Schema] = {}


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
