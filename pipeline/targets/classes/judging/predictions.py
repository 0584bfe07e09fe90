"""A model's predictions of test examples, in Parquet, so that two runs can be compared."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.runtime.errors import CompareError

CLASSES_KEY = b"classes"


@dataclass(frozen=True)
class Predictions:
    """Of N examples and K classes."""

    ids: list[str]
    groups: list[str | None]
    classes: list[str]
    labels: NDArray[np.int64]
    """Class indices, `(N,)`."""
    probabilities: NDArray[np.float32]
    """`(N, K)`."""


def predictions_table(predictions: Predictions) -> pa.Table:
    """Columns id, group, label, predicted (names), probabilities (in the order of the classes).

    The schema's metadata has the names of the classes, in their order.
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
    return table.replace_schema_metadata(about)


def read_predictions(content: bytes, name: str) -> Predictions:
    """Read the bytes of a file with a `predictions_table`; errors call it `name`.

    Raises:
        CompareError: damaged, or of another version of this project.
    """
    columns = ["id", "group", "label", "probabilities"]
    try:
        with pq.ParquetFile(io.BytesIO(content), page_checksum_verification=True) as file:
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
        reason = " ".join(str(error).split())
        if isinstance(error, KeyError):
            reason = "they are of another version of this project"
        raise CompareError(
            f"the predictions of {name} cannot be read: {reason}",
            fix=f"make them by the code of today: git checkout {name}, then dvc repro evaluate",
        ) from None


def align(one: Predictions, other: Predictions) -> tuple[Predictions, Predictions]:
    """The examples that both have, in the order of the first.

    Raises:
        CompareError: they have other classes or labels, or no example in common.
    """
    if one.classes != other.classes:
        raise CompareError(
            f"the runs have other classes: {_some(one.classes)}; and {_some(other.classes)}",
            fix="compare runs on the same dataset",
        )
    place = {id: row for row, id in enumerate(other.ids)}
    ours = [row for row, id in enumerate(one.ids) if id in place]
    if not ours:
        raise CompareError(
            "the runs have no test example in common", fix="compare runs on the same dataset"
        )
    one, other = _rows(one, ours), _rows(other, [place[one.ids[row]] for row in ours])
    differ = np.flatnonzero(one.labels != other.labels)
    if len(differ):
        raise CompareError(
            f"{len(differ)} of {len(ours)} test examples have another label in the two runs, "
            f"first: {one.ids[differ[0]]}",
            fix="evaluate both on the same labels: dvc repro evaluate",
        )
    return one, other


def _rows(predictions: Predictions, rows: Sequence[int]) -> Predictions:
    return Predictions(
        ids=[predictions.ids[row] for row in rows],
        groups=[predictions.groups[row] for row in rows],
        classes=predictions.classes,
        labels=predictions.labels[rows],
        probabilities=predictions.probabilities[rows],
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
