"""Answers of the model that is served, as a server recorded them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.commands.monitor.drift import Reference, Traffic
from pipeline.dataset.arrays import Float64
from pipeline.dataset.served.tables import read_served
from pipeline.runtime.errors import MissingInput
from pipeline.serving.folder import MODEL_ONNX, REFERENCE_NPZ, read_about, read_file
from pipeline.targets.opening import Answers as TargetAnswers
from pipeline.targets.opening import open_answers


@dataclass(frozen=True)
class Answers:
    """N answers of one model, oldest first."""

    about: dict[str, Any]
    """What serving.json says of the model."""
    version: str
    reference: Reference
    table: pa.Table
    """Records as `read_served` has them."""
    outputs: Float64
    """`(N, K)`."""
    traffic: Traffic
    truths: dict[str, str]
    """Labels that came later, by the id of the answer; of several the last."""
    notes: list[str]
    """What people should know of the records."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def times(self) -> NDArray[np.datetime64]:
        times: NDArray[np.datetime64] = self.table["time"].to_numpy()
        return times

    @property
    def judged_by(self) -> tuple[str, float | None]:
        """See `JUDGED_BY` of the target."""
        found: tuple[str, float | None] = self._target.labels.JUDGED_BY
        return found

    def probabilities(self, outputs: Float64) -> Float64:
        found: Float64 = self._target.outputs.probabilities(outputs)
        return found

    def said(self, row: int) -> Any:
        """The label, or the number, that an answer names first."""
        return next(iter(self._answer(row).values()))

    def error(self, row: int, label: str) -> float | None:
        """The error of an answer by the label that came; see `Answers` in targets/opening.py."""
        found: float | None = self._target.labels.error(self._answer(row), label)
        return found

    def is_wrong(self, row: int, label: str) -> bool:
        """Whether an answer contradicts the label that came."""
        error, (_, limit) = self.error(row, label), self.judged_by
        return label != str(self.said(row)) if error is None or limit is None else error > limit

    def confidence(self, rows: Sequence[int]) -> Float64 | None:
        """How sure some answers are; None where nothing says that."""
        found: Float64 | None = self._target.outputs.confidence(self.traffic.answers[rows])
        return found

    @property
    def has_probabilities(self) -> bool:
        """Whether `confidence` is a probability."""
        return bool(self._target.outputs.CHOOSES)

    @property
    def _target(self) -> TargetAnswers:
        return open_answers(self.about["target_kind"])

    def _answer(self, row: int) -> dict[str, Any]:
        found: dict[str, Any] = self._target.labels.answer(
            self.traffic.answers[row], self.about["target"]
        )
        return found


def read_answers(records: Path, model: Path, since: datetime | None) -> Answers:
    """Answers since then, by the model in a folder.

    Raises:
        MissingInput: there is no such model, or there are no records.
    """
    about = read_about(model)
    digest = about["files"][MODEL_ONNX]["sha256"]
    arrays = np.load(io.BytesIO(read_file(model, about, REFERENCE_NPZ)), allow_pickle=False)
    if "rows_embedding" not in arrays:
        raise MissingInput(f"{model} has no reference for drift", fix="dvc repro export")
    target = open_answers(about["target_kind"])
    served = read_served(records)
    if served.answers.num_rows == 0:
        raise MissingInput(
            f"{records} has no records of answers",
            fix="groundwork serve records them; name their folder by --records",
        )
    table = served.answers
    reference = Reference(
        {name: arrays[name] for name in arrays.files},
        outputs=target.outputs,
        recorded=table.schema.names,
    )
    is_ours = pc.equal(table["model"].cast(pa.string()), digest)
    notes = [] if served.num_torn == 0 else [f"{served.num_torn} torn records are left out"]
    notes += [f"cannot be read: {reason}" for reason in served.unreadable]
    if num_others := int(pc.sum(pc.invert(is_ours)).as_py() or 0):
        notes.append(f"{num_others} answers are of other models and left out")
    table = table.filter(is_ours)
    if since is not None and table.num_rows:
        table = table.filter(pc.greater_equal(table["time"], pa.scalar(since)))
    outputs, embedding = (matrix(table[name], table.num_rows) for name in ("outputs", "embedding"))
    answers = target.outputs.probabilities(outputs)
    measured = {
        name: table[name].to_numpy() for name in reference.names if name in table.schema.names
    }
    truths: dict[str, str] = {}
    if served.truths.num_rows:
        pairs = zip(
            served.truths["id"].to_pylist(), served.truths["label"].to_pylist(), strict=True
        )
        truths = dict(pairs)
    traffic = reference.take(measured, answers, embedding)
    return Answers(about, digest[:12], reference, table, outputs, traffic, truths, notes)


def matrix(column: pa.ChunkedArray, num: int) -> Float64:
    """Lists of the same length as `(N, K)`."""
    if num == 0:
        return np.empty((0, 1))
    flat: Float64 = pc.list_flatten(column).to_numpy().astype(np.float64)
    return flat.reshape(num, -1)
