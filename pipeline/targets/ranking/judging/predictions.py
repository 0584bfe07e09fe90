"""What a model listed for test events, in Parquet; see targets/predictions.py."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows
from pipeline.runtime.files import as_native
from pipeline.targets.predictions import (
    TARGET_KEY,
    refuse_other_labels,
    rows_in_both,
    unreadable,
)

TARGET = b"ranking"
COLUMNS = ["id", "group", "item", "place"]


@dataclass(frozen=True)
class Predictions:
    """Predictions for N events: the item that was taken, and where the model listed it."""

    ids: list[str]
    groups: list[str | None]
    """Users, where they are known."""
    items: NDArray[np.int64]
    """Codes, `(N,)`."""
    places: NDArray[np.int64]
    """Places from 0 on, `(N,)`; -1 for an item that is not listed."""
    users: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """A number for each user, `(N,)`; an event without one is of a user by itself."""

    def of(self, rows: Rows) -> "Predictions":
        return make_predictions(
            [self.ids[row] for row in rows],
            [self.groups[row] for row in rows],
            self.items[rows],
            self.places[rows],
        )


def make_predictions(
    ids: list[str],
    groups: list[str | None],
    items: NDArray[np.int64],
    places: NDArray[np.int64],
) -> Predictions:
    names = [f"u {g}" if g else f"e {i}" for g, i in zip(groups, ids, strict=True)]
    users = np.unique(names, return_inverse=True)[1] if names else np.zeros(0)
    return Predictions(ids, groups, items, places, users.astype(np.int64))


def predictions_table(predictions: Predictions) -> pa.Table:
    """COLUMNS; the schema's metadata has the target."""
    table = pa.table(
        {
            "id": pa.array(predictions.ids, pa.string()),
            "group": pa.array(predictions.groups, pa.string()),
            "item": pa.array(predictions.items, pa.int64()),
            "place": pa.array(predictions.places, pa.int64()),
        }
    )
    return table.replace_schema_metadata({TARGET_KEY: TARGET})


def read_predictions(content: bytes, name: str) -> Predictions:
    """Read the bytes of a file with a `predictions_table`; errors call it `name`.

    Raises:
        CompareError: damaged, or of another version of this project.
    """
    try:
        with pq.ParquetFile(as_native(content), page_checksum_verification=True) as file:
            table = file.read(COLUMNS)
        if table.schema.names != COLUMNS:
            raise KeyError("columns")
        return make_predictions(
            table["id"].to_pylist(),
            table["group"].to_pylist(),
            table["item"].to_numpy().astype(np.int64),
            table["place"].to_numpy().astype(np.int64),
        )
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        is_other = isinstance(error, KeyError)
        reason = "they are of another version of this project" if is_other else str(error)
        raise unreadable(name, reason) from None


def align(one: Predictions, other: Predictions) -> tuple[Predictions, Predictions]:
    """The events that both have, in the order of the first.

    Raises:
        CompareError: they have other items, or no event in common.
    """
    ours, theirs = rows_in_both(one.ids, other.ids)
    one, other = one.of(ours), other.of(theirs)
    refuse_other_labels(np.flatnonzero(one.items != other.items), one.ids)
    return one, other
