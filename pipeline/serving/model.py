"""A model as it is served: from contents that strangers send to answers, with all it takes.

Contents are prepared and encoded by the modality's own code, as ingest and augment do, and answers
are those of `groundwork predict`. No torch, Arrow or pandas.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.served.layout import ANSWERS, TRUTHS, Layout
from pipeline.modalities.opening import open_encode, open_requests
from pipeline.modalities.protocols.encode import Inputs
from pipeline.runtime.errors import ServingError
from pipeline.serving.graph import Graph
from pipeline.targets.opening import open_answers

SHORT = 12  # letters of a digest that people see


class Rows(NamedTuple):
    """N examples that are ready for the graph, or have a problem."""

    inputs: Inputs
    """Inputs of the usable ones, in their order."""
    problems: list[str | None]
    """`(N,)`."""
    digests: list[str | None]
    """`(N,)`; of each content as data/raw would have it. None where there was a tensor."""
    measured: NDArray[np.float32]
    """`(N, M)`; NaN where nothing was measured."""
    stored: list[bytes | None]
    """`(N,)`; contents without metadata."""


class ServedAnswer(NamedTuple):
    """What the model says of one usable example."""

    values: dict[str, Any]
    """The answer as JSON; see `Labels.answer`."""
    label: Any
    """The first of them."""
    probabilities: NDArray[np.float64]
    """`(K,)`, what judging makes of the outputs."""
    raw: bytes
    """Outputs, measured and embedding as records have them."""


class Model:
    """A graph, and the code of its modality and target."""

    def __init__(self, graph: Graph) -> None:
        """Take a graph that was opened, and answer one example with it.

        Raises:
            ServingError: what it was made for does not fit what it does.
        """
        self.graph, about = graph, graph.about
        self.digest, self.version = graph.digest, graph.digest[:SHORT]
        self.modality, self.target = about["modality"], about["target"]
        self._index = {**self.target, **about["calibration"]}
        self.preparation = about["preparation"]
        self.requests = open_requests(self.modality)
        self._encode = open_encode(self.modality)
        self._outputs, self._labels = open_answers(about["target_kind"])
        if reason := self._encode.problem_in(self.preparation):
            raise ServingError(
                f"the model's preparation cannot be used: {reason}", fix="dvc repro export"
            )
        self.columns = self._encode.columns(self.preparation)
        options = self.preparation.get("options", {})
        self.limits = SimpleNamespace(**self.requests.LIMITS, **options)
        self._try_out()

    def _try_out(self) -> None:
        """Answer an empty example: it warms, and shows how wide outputs are."""
        inputs = {column.name: column.zeros(1) for column in self.columns}
        try:
            outputs, embedding = self.graph.answer(inputs)
            answer = self._labels.answer(self._outputs.probabilities(outputs)[0], self._index)
        except Exception as error:
            raise ServingError(
                f"the graph does not answer what serving.json describes: {error}",
                fix="dvc repro export",
            ) from None
        self.num_outputs, self.num_embedding = outputs.shape[1], embedding.shape[1]
        self.labels = list(answer.get("probabilities", ()))
        """Names of labels in the order of the outputs; none where labels are numbers or items."""
        self.labels_in_words, self.example_label = self._labels.in_words(self._index)
        self.as_label = self._labels.as_label

    def layout(self, kind: str) -> Layout:
        """The layout of records of this model."""
        if kind == TRUTHS:
            return Layout(TRUTHS, self.digest)
        measured = tuple(self.requests.MEASURED)
        return Layout(
            ANSWERS,
            self.digest,
            self.num_outputs,
            self.num_embedding,
            measured,
            self._outputs.RECORDED_AS,
        )

    def error(self, answer: Mapping[str, Any], label: str) -> float | None:
        """How far an answer is from its label, by the target; None where that says nothing."""
        found: float | None = self._labels.error(answer, label)
        return found

    def prepare(self, contents: Sequence[bytes]) -> Rows:
        """N contents as they came."""
        prepared = self.requests.prepare(contents, self.limits)
        usable = [row for row, problem in enumerate(prepared.problems) if problem is None]
        columns = {name: [v[row] for row in usable] for name, v in prepared.content.items()}
        inputs = self._encode.encode(columns, self.preparation)
        names = self.requests.MEASURED
        measured = np.array([prepared.measured[name] for name in names], np.float32).T
        stored = next(iter(prepared.content.values()))
        as_bytes = [v.encode() if isinstance(v, str) else v for v in stored]
        return Rows(
            inputs,
            prepared.problems,
            prepared.digests,
            measured.reshape(len(contents), len(names)),
            as_bytes,
        )

    @property
    def says_known(self) -> bool:
        """Whether the modality has `is_known`."""
        return hasattr(self._encode, "is_known")

    def known(self, inputs: Inputs) -> NDArray[np.bool_] | None:
        """See `Encode.is_known`; None where the modality has no such thing."""
        is_known = getattr(self._encode, "is_known", None)
        return None if is_known is None else is_known(inputs)

    def take(self, inputs: Inputs) -> Rows:
        """N examples that came as columns of a shard, with the names and types of these."""
        num = len(next(iter(inputs.values())))
        nothing: list[Any] = [None] * num
        measured = np.full((num, len(self.requests.MEASURED)), np.nan, np.float32)
        return Rows(inputs, nothing, nothing, measured, nothing)

    def answer(self, rows: Sequence[Rows]) -> list[list[ServedAnswer | str]]:
        """Answers for each of several `Rows`, in their order; problems stay texts."""
        usable = [r for r in rows if len(next(iter(r.inputs.values())))]
        answers = iter(())
        if usable:
            inputs = {
                column.name: np.concatenate([r.inputs[column.name] for r in usable])
                for column in self.columns
            }
            answers = self._answers(inputs, usable)
        return [
            [next(answers) if problem is None else problem for problem in r.problems] for r in rows
        ]

    def _answers(self, inputs: Inputs, rows: Sequence[Rows]) -> Any:
        outputs, embedding = self.graph.answer(inputs)
        probabilities = self._outputs.probabilities(outputs)
        known = self.known(inputs)
        is_usable = [problem is None for r in rows for problem in r.problems]
        measured = np.concatenate([r.measured for r in rows])[is_usable]
        with np.errstate(over="ignore"):
            kept = outputs.astype(self._outputs.RECORDED_AS)
            embedded = embedding.astype("<f2")
        for row, of_row in enumerate(probabilities):
            values: Mapping[str, Any] = self._labels.answer(of_row, self._index)
            label = next(iter(values.values()))
            values = values if known is None else {**values, "known": bool(known[row])}
            raw = kept[row].tobytes() + measured[row].tobytes() + embedded[row].tobytes()
            yield ServedAnswer(dict(values), label, of_row, raw)


def open_model(folder: Path) -> Model:
    """The model in a folder that export made, tested by its own probes.

    Raises:
        GroundworkError: it is missing, damaged, or does not answer as it did.
    """
    return Model(Graph.open(folder))
