"""Items as column `y` of shards: their places in the index."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.rankings.listed import width_of
from pipeline.targets.protocols.labels import TargetIndex, Times
from pipeline.targets.ranking.labels.reading import COUNTS, ITEMS


def fit(values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> TargetIndex:
    """How many events of each item train has."""
    counts = np.bincount(encode(values, index), minlength=len(index[ITEMS]))
    return {**index, COUNTS: counts.tolist()}


def encode(values: pa.ChunkedArray, index: TargetIndex) -> NDArray[np.int32]:
    places = pc.index_in(values, pa.array(index[ITEMS], pa.string()))
    return np.asarray(places.to_numpy(), np.int32)


def num_outputs(index: TargetIndex) -> int:
    """See dataset/rankings/listed.py."""
    return width_of(len(index[ITEMS]))


def balance(values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> Times:
    """Each event once in each copy."""
    return lambda y, copies: np.ones((copies, len(y)), np.int64)
