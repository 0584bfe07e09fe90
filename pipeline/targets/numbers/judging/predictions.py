"""A model's predictions of the numbers of test examples, in Parquet; see targets/predictions.py."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.arrays import Float64, Rows
from pipeline.runtime.files import as_native
from pipeline.targets.predictions import (
    TARGET_KEY,
    refuse_other_labels,
    rows_in_both,
    unreadable,
)

TARGET = b"numbers"
NUMBERS = ["target", "predicted", "low", "high"]


@dataclass(frozen=True)
class Predictions:
    """Predictions for N examples, in the units of the source."""

    ids: list[str]
    groups: list[str | None]
    target: Float64
    """The right numbers, `(N,)`."""
    predicted: Float64
    """`(N,)`."""
    low: Float64
    """Low end of each interval, `(N,)`."""
    high: Float64
    """High end, `(N,)`."""

    @property
    def errors(self) -> Float64:
        """Predicted less right, `(N,)`."""
        return self.predicted - self.target

    @property
    def covered(self) -> np.ndarray:
        """Whether the right number is within the interval, `(N,)`."""
        within: np.ndarray = (self.low <= self.target) & (self.target <= self.high)
        return within

    def of(self, rows: Rows) -> "Predictions":
        """The predictions for some examples."""
        return Predictions(
            [self.ids[row] for row in rows],
            [self.groups[row] for row in rows],
            *(getattr(self, name)[rows] for name in NUMBERS),
        )


def predictions_table(predictions: Predictions) -> pa.Table:
    """Columns id, group, and NUMBERS; the schema's metadata has the target."""
    table = pa.table(
        {
            "id": pa.array(predictions.ids, pa.string()),
            "group": pa.array(predictions.groups, pa.string()),
            **{name: pa.array(getattr(predictions, name), pa.float64()) for name in NUMBERS},
        }
    )
    return table.replace_schema_metadata({TARGET_KEY: TARGET})


def read_predictions(content: bytes, name: str) -> Predictions:
    """Read the bytes of a file with a `predictions_table`; errors call it `name`.

    Raises:
        CompareError: it is damaged, or of another version of this project.
    """
    try:
        with pq.ParquetFile(as_native(content), page_checksum_verification=True) as file:
            table = file.read(["id", "group", *NUMBERS])
        if table.schema.names != ["id", "group", *NUMBERS]:
            raise KeyError("columns")
        return Predictions(
            table["id"].to_pylist(),
            table["group"].to_pylist(),
            *(table[name].to_numpy().astype(np.float64) for name in NUMBERS),
        )
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        is_other = isinstance(error, KeyError)
        reason = "they are of another version of this project" if is_other else str(error)
        raise unreadable(name, reason) from None


def align(one: Predictions, other: Predictions) -> tuple[Predictions, Predictions]:
    """Select the examples that both have, in the order of the first.

    Raises:
        CompareError: they have other numbers, or no example in common.
    """
    ours, theirs = rows_in_both(one.ids, other.ids)
    one, other = one.of(ours), other.of(theirs)
    # From float32 in shards, scaled by train: with other training data, last digits differ.
    same = np.isclose(one.target, other.target, rtol=1e-5, atol=1e-5 * float(one.target.std()))
    refuse_other_labels(np.flatnonzero(~same), one.ids)
    return one, other
