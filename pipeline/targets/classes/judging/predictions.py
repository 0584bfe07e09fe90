"""A model's predictions of the classes of test examples, in Parquet; see targets/predictions.py."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.dataset.arrays import Rows
from pipeline.runtime.errors import CompareError
from pipeline.runtime.files import as_native
from pipeline.targets.predictions import (
    TARGET_KEY,
    refuse_other_labels,
    rows_in_both,
    unreadable,
)

TARGET = b"classes"
CLASSES_KEY = b"classes"


@dataclass(frozen=True)
class Predictions:
    """Predictions for N examples and K classes."""

    ids: list[str]
    groups: list[str | None]
    classes: list[str]
    labels: NDArray[np.int64]
    """Class indices, `(N,)`."""
    probabilities: NDArray[np.float32]
    """`(N, K)`."""


def predictions_table(predictions: Predictions) -> pa.Table:
    """Columns id, group, label, predicted (names), probabilities (in the order of the classes).

    The schema's metadata has the names of the classes, in their order, and the target.
    """
    names = pa.array(predictions.classes, pa.string())
    predicted = predictions.probabilities.argmax(1)
    table = pa.table(
        {
            "id": pa.array(predictions.ids, pa.string()),
            "group": pa.array(predictions.groups, pa.string()),
            "label": names.take(pa.array(predictions.labels)).dictionary_encode(),
            "predicted": names.take(pa.array(predicted)).dictionary_encode(),
            "probabilities": pa.FixedSizeListArray.from_arrays(
                pa.array(predictions.probabilities.ravel(), pa.float32()), len(predictions.classes)
            ),
        }
    )
    about = {CLASSES_KEY: json.dumps(predictions.classes, ensure_ascii=False).encode()}
    return table.replace_schema_metadata(about | {TARGET_KEY: TARGET})


def read_predictions(content: bytes, name: str) -> Predictions:
    """Read the bytes of a file with a `predictions_table`; errors call it `name`.

    Raises:
        CompareError: it is damaged, or of another version of this project.
    """
    columns = ["id", "group", "label", "probabilities"]
    try:
        with pq.ParquetFile(as_native(content), page_checksum_verification=True) as file:
            classes: list[str] = json.loads((file.schema_arrow.metadata or {})[CLASSES_KEY])
            table = file.read(columns).combine_chunks()
        code_of = {name: code for code, name in enumerate(classes)}
        labels = [code_of[label] for label in table["label"].to_pylist()]
        values = table["probabilities"].combine_chunks().flatten().to_numpy()
        return Predictions(
            ids=table["id"].to_pylist(),
            groups=table["group"].to_pylist(),
            classes=classes,
            labels=np.array(labels, np.int64),
            probabilities=values.astype(np.float32).reshape(-1, len(classes)),
        )
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        is_other = isinstance(error, KeyError)
        reason = "they are of another version of this project" if is_other else str(error)
        raise unreadable(name, reason) from None


def align(one: Predictions, other: Predictions) -> tuple[Predictions, Predictions]:
    """Select the examples that both have, in the order of the first.

    Raises:
        CompareError: they have other classes or labels, or no example in common.
    """
    if one.classes != other.classes:
        raise CompareError(
            f"the runs have other classes: {_some(one.classes)}; and {_some(other.classes)}",
            fix="compare runs on the same dataset",
        )
    ours, theirs = rows_in_both(one.ids, other.ids)
    one, other = _rows(one, ours), _rows(other, theirs)
    refuse_other_labels(np.flatnonzero(one.labels != other.labels), one.ids)
    return one, other


def _rows(predictions: Predictions, rows: Rows) -> Predictions:
    return Predictions(
        ids=[predictions.ids[row] for row in rows],
        groups=[predictions.groups[row] for row in rows],
        classes=predictions.classes,
        labels=predictions.labels[rows],
        probabilities=predictions.probabilities[rows],
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
