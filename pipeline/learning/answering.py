"""Answers of a trained model to examples as people have them: paths, or bytes of files.

Examples are prepared as ingest prepares them and encoded as augment does, in batches, each of which
is answered before the next is read. No torch here: network_answers.py has the network, and
`from_graph` takes the graph that is served.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from numpy.typing import NDArray

from pipeline.dataset.arrays import Float32, Float64
from pipeline.learning.contributions import named_inputs, without_each, without_parts
from pipeline.modalities.opening import open_encode, open_prepare
from pipeline.modalities.protocols.encode import Inputs
from pipeline.runtime.errors import SettingsError
from pipeline.serving.graph import Graph
from pipeline.targets.opening import open_answers

EXAMPLES_AT_ONCE = 1000
BYTES_AT_ONCE = 32 << 20  # of files

Example = Path | bytes


class Unreadable(str):
    """Why an example has no bytes that can be used."""


class ExampleAnswer(NamedTuple):
    """An example with the answer of the model, or why there is none."""

    example: Example
    answer: Float64 | Unreadable
    """What judging makes of the outputs, `(K,)`."""
    is_known: bool = True
    """See `Encode.is_known`."""


class Answering:
    """A trained model with all that it takes from files to answers."""

    def __init__(
        self, about: Mapping[str, Any], outputs_of: Callable[[Inputs], Float32], limits: Any
    ) -> None:
        """Take a model that was opened.

        Args:
            about: models/model.json, or serving.json.
            outputs_of: what the network makes of N examples, `(N, K)`.
            limits: the section `ingest` of params.yaml.
        """
        self.about, self._outputs_of = dict(about), outputs_of
        self.prepare = open_prepare(self.about["modality"])
        options = self.about["preparation"].get("options", {})
        self.limits = SimpleNamespace(**limits.model_dump(), **options)
        self._outputs, self.labels = open_answers(self.about["target_kind"])
        self._encode = open_encode(self.about["modality"])
        self._max_bytes = limits.max_file_mb * 1e6

    @classmethod
    def from_graph(cls, graph: Graph, limits: Any) -> "Answering":
        """Take the graph that is served; it answers as the network does (stage `export`)."""
        return cls(graph.about, lambda inputs: graph.answer(inputs)[0], limits)

    @property
    def target(self) -> Mapping[str, Any]:
        """What labels may be, and what was fitted on validation where the graph answers."""
        return {**self.about["target"], **self.about.get("calibration", {})}

    def answer(self, examples: Iterable[Example]) -> Iterator[ExampleAnswer]:
        """Answer each in its turn; what cannot be read costs the others nothing.

        Up to EXAMPLES_AT_ONCE of them, of about BYTES_AT_ONCE, are in memory.
        """
        read: list[tuple[Example, bytes | Unreadable]] = []
        num_bytes = 0
        for example in examples:
            data = self._read(example)
            read.append((example, data))
            num_bytes += len(data) if isinstance(data, bytes) else 0
            if len(read) == EXAMPLES_AT_ONCE or num_bytes >= BYTES_AT_ONCE:
                yield from self._answered(read)
                read, num_bytes = [], 0
        if read:
            yield from self._answered(read)

    def as_json(self, answer: Float64, *, is_known: bool = True) -> dict[str, Any]:
        """An answer as a JSON object: see `Labels.answer`; with `known` where the modality has
        `is_known`."""
        values: dict[str, Any] = self.labels.answer(answer, self.target)
        return {**values, **({"known": is_known} if hasattr(self._encode, "is_known") else {})}

    @property
    def unknown(self) -> str:
        """Words before an answer about someone of whom nothing is known."""
        return str(getattr(self._encode, "UNKNOWN", ""))

    def explain(self, example: Example) -> dict[str, Float64]:
        """Answers to one readable example without each of its named inputs, `(K,)`, or else without
        each part that the modality can leave out, such as a word.

        Raises:
            SettingsError: its inputs have no names, as those of images.
        """
        named = named_inputs(self.about["preparation"])
        parts_of = getattr(self._encode, "parts_left_out", None)
        if not named and not parts_of:
            raise SettingsError(
                f"the model takes {self.prepare.NOUN}s, whose inputs have no names: there is "
                "nothing to leave out",
                fix="leave --explain out",
            )
        data = self._read(example)
        assert isinstance(data, bytes)
        prepared = self.prepare.prepare([data], self.limits)
        if parts_of and not named:
            content = {name: values[0] for name, values in prepared.content.items()}
            return without_parts(self._ask, parts_of(content))
        inputs = self._encode.encode(prepared.content, self.about["preparation"])
        found = without_each(self._said, inputs, named)
        return {name: said[0] for name, said in found.items()}

    def _read(self, example: Example) -> bytes | Unreadable:
        try:
            if isinstance(example, bytes):
                size = len(example)
            elif example.is_dir():
                return Unreadable(f"a folder without {self.prepare.NOUN}s")
            elif example.exists() and not example.is_file():  # reading a pipe would never end
                return Unreadable("no regular file")
            else:
                size = example.stat().st_size
            if size > self._max_bytes:
                return Unreadable(f"larger than {self._max_bytes / 1e6:g} MB")
            return example if isinstance(example, bytes) else example.read_bytes()
        except OSError as error:
            return Unreadable(error.strerror or str(error))

    def _answered(
        self, read: Sequence[tuple[Example, bytes | Unreadable]]
    ) -> Iterator[ExampleAnswer]:
        files = [None if isinstance(data, Unreadable) else data for _, data in read]
        prepared = self.prepare.prepare(files, self.limits)
        reasons = [
            data if isinstance(data, Unreadable) else problem
            for (_, data), problem in zip(read, prepared.problems, strict=True)
        ]
        usable = [row for row, reason in enumerate(reasons) if reason is None]
        contents = {n: [values[r] for r in usable] for n, values in prepared.content.items()}
        answers = iter(self._told(contents) if usable else ())
        for (example, _), reason in zip(read, reasons, strict=True):
            if reason is None:
                yield ExampleAnswer(example, *next(answers))
            else:
                yield ExampleAnswer(example, Unreadable(reason))

    def _told(self, contents: Mapping[str, Sequence[Any]]) -> Iterator[tuple[Float64, bool]]:
        """Each answer, and whether something is known of its example."""
        inputs = self._encode.encode(contents, self.about["preparation"])
        answers = self._said(inputs)
        is_known = getattr(self._encode, "is_known", None)
        known = [True] * len(answers) if is_known is None else is_known(inputs).tolist()
        return zip(answers, known, strict=True)

    def _ask(self, contents: Mapping[str, Sequence[Any]]) -> NDArray:
        """What the model says of N examples as data/raw has them, `(N, K)`."""
        inputs = self._encode.encode(contents, self.about["preparation"])
        return self._said(inputs)

    def _said(self, inputs: Inputs) -> Float64:
        said: Float64 = self._outputs.probabilities(self._outputs_of(inputs))
        return said
