"""The part of a target for report: its sentences in the model card, its tables and its pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline.targets.protocols.labels import TargetIndex

TableRows = Sequence[Mapping[str, Any]]
"""The rows of a table, by the names of its columns."""


@dataclass(frozen=True)
class EvaluationTables:
    """The results of evaluate in data/evaluation."""

    summary: Mapping[str, Any]
    """Its index: target, numbers of examples left out …"""
    tables: Mapping[str, TableRows]
    """The TABLES by name; `slices` has two more columns, `slice` and `rule`, with words for people.
    Its first row is of all test examples."""

    @property
    def num_examples(self) -> int:
        return int(self.tables["slices"][0]["count"])


class Mistakes(NamedTuple):
    """The M worst mistakes on the test split."""

    ids: list[str]
    captions: list[str]
    """One or two lines each."""
    title: str


class Card(Protocol):
    """The names of `targets/<name>/card/interface.py`.

    Texts are lines of Markdown, in which names that come from data are escaped.
    """

    TABLES: Sequence[str]
    """Tables of data/evaluation that the functions read: `intervals`, `slices`, `mistakes` …"""
    TASK: str
    """Second word of a task on the Hugging Face Hub, such as `classification`."""
    HUB_METRICS: Sequence[str]
    """The Hub's names of the metrics."""
    ANSWERS: tuple[str, str]
    """What `groundwork predict` prints for an example, and with `--json` for each of many."""

    def answer(self, index: TargetIndex) -> str:
        """Lines on the form of the model's answer."""
        ...

    def notes(self, evaluation: EvaluationTables) -> Iterator[str]:
        """Notes below the table of metrics."""
        ...

    def weaknesses(self, evaluation: EvaluationTables) -> Iterator[str]:
        """Lines on weaknesses, and on the files of reports/model with details."""
        ...

    def validation(self, about: Mapping[str, Any]) -> str:
        """The figures of the best epoch on validation; `about` is models/model.json."""
        ...

    def limits(self) -> Iterator[str]:
        """Limits of every model of this target."""
        ...

    def csv_tables(
        self, evaluation: EvaluationTables
    ) -> Mapping[str, tuple[Sequence[str], TableRows]]:
        """Columns and rows of each table for people, by the name of its file."""
        ...

    def draw(self, evaluation: EvaluationTables, folder: Path) -> None:
        """Write pictures into a folder, each as `<name>.png`."""
        ...

    def mistakes(self, evaluation: EvaluationTables, most: int) -> Mistakes:
        """Up to `most` mistakes, the worst first."""
        ...
