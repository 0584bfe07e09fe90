"""What a target has for report: its sentences in the model card, its tables and its pictures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pipeline.targets.protocols.labels import TargetIndex

TableRows = Sequence[Mapping[str, Any]]
"""The rows of a table, by the names of its columns."""


@dataclass(frozen=True)
class EvaluationTables:
    """What evaluate left in data/evaluation."""

    summary: Mapping[str, Any]
    """Its index: target, numbers of examples left out …"""
    tables: Mapping[str, TableRows]
    """Those of TABLES by name; `slices` has two columns more, `slice` and `rule`: words for people.
    The first of its rows is of all test examples."""

    @property
    def num_examples(self) -> int:
        return int(self.tables["slices"][0]["count"])


class Mistakes(NamedTuple):
    """The M worst mistakes on the test split."""

    ids: list[str]
    captions: list[str]
    """Of one or two lines each."""
    title: str


class Card(Protocol):
    """The names of `targets/<name>/card/interface.py`.

    Texts are lines of Markdown, in which names that come from data are escaped.
    """

    TABLES: Sequence[str]
    """Of data/evaluation, what the others read: `intervals`, `slices`, `mistakes` and so on."""
    TASK: str
    """Second word of a task on the Hugging Face Hub, such as `classification`."""
    HUB_METRICS: Sequence[str]
    """What the Hub calls the metrics."""
    ANSWERS: tuple[str, str]
    """What `groundwork predict` says of an example, and what with `--json` of each of many."""

    def answer(self, index: TargetIndex) -> str:
        """What the model says of an example."""
        ...

    def notes(self, evaluation: EvaluationTables) -> Iterator[str]:
        """What stands below the table of metrics."""
        ...

    def weaknesses(self, evaluation: EvaluationTables) -> Iterator[str]:
        """Where it is weak, and which files of reports/model say more."""
        ...

    def validation(self, about: Mapping[str, Any]) -> str:
        """How good the best epoch was on validation; `about` is models/model.json."""
        ...

    def limits(self) -> Iterator[str]:
        """What no model of this target can say."""
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
