"""The names of targets/protocols/noise.py, for classes. A code is the index of a class, or -1."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.annotations import Codes
from pipeline.dataset.review.decisions import LabelChoices
from pipeline.dataset.table import words
from pipeline.targets.classes.noise.calibration import LABEL_SMOOTHING, check_labels
from pipeline.targets.classes.noise.doubts import find_doubts
from pipeline.targets.classes.noise.schemas import SCHEMAS
from pipeline.targets.classes.noise.tables import summary, tables
from pipeline.targets.protocols.labels import TargetIndex
from pipeline.targets.protocols.noise import GivenLabels

__all__ = ["SCHEMAS", "check_labels", "find_doubts", "summary", "tables"]

LOSS = SimpleNamespace(label_smoothing=LABEL_SMOOTHING)


def read_labels(values: pa.ChunkedArray, target: TargetIndex) -> GivenLabels:
    """Convert names of classes to codes; other names are not known."""
    names = pa.array(target["classes"], pa.string())
    codes = pc.fill_null(pc.index_in(values.cast(pa.string()), names), -1)
    given = codes.to_numpy().astype(np.int64)
    return GivenLabels(given, given >= 0)


def as_y(codes: Codes) -> NDArray[np.int64]:
    return codes


def column(codes: Codes, target: TargetIndex) -> pa.Array:
    return words(as_text(codes, target), target["classes"])


def as_text(codes: Codes, target: TargetIndex) -> list[str]:
    names = target["classes"]
    return [names[code] for code in codes.tolist()]


def code_of(text: str, target: TargetIndex) -> int:
    code: int = target["classes"].index(text)
    return code


def choices(target: TargetIndex) -> LabelChoices:
    names = target["classes"]
    return LabelChoices(set(names).__contains__, "a class", f"the classes are {', '.join(names)}")


def differ(one: Codes, other: Codes) -> NDArray[np.bool_]:
    different: NDArray[np.bool_] = one != other
    return different
