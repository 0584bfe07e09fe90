"""What a model said of each test example, in Parquet, so that two runs can be compared."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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


def write_predictions(path: Path, said: Predictions) -> None:
    """Columns id, group, label, predicted (names), probabilities (in the order of the classes).

    One call with every option fixed: the same predictions, the same bytes.
    """
    names = pa.array(said.classes, pa.string())
    predicted = said.probabilities.argmax(1)
    table = pa.table(
        {
            "id": pa.array(said.ids, pa.string()),
            "group": pa.array(said.groups, pa.string()),
            "label": names.take(pa.array(said.labels)),
            "predicted": names.take(pa.array(predicted)),
            "probabilities": pa.FixedSizeListArray.from_arrays(
                pa.array(said.probabilities.ravel(), pa.float32()), len(said.classes)
            ),
        }
    )
    about = {CLASSES_KEY: json.dumps(said.classes, ensure_ascii=False).encode()}
    pq.write_table(
        table.replace_schema_metadata(about),
        path,
        version="2.6",
        compression="zstd",
        use_dictionary=["group", "label", "predicted"],
        write_statistics=False,
        write_page_checksum=True,
    )


def read_predictions(content: bytes, name: str) -> Predictions:
    """Read what `write_predictions` wrote; `name` says in an error what it is.

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


def _rows(said: Predictions, rows: Sequence[int]) -> Predictions:
    return Predictions(
        ids=[said.ids[row] for row in rows],
        groups=[said.groups[row] for row in rows],
        classes=said.classes,
        labels=said.labels[rows],
        probabilities=said.probabilities[rows],
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
