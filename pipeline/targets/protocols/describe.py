"""The part of a target for describe and review: the data card, lists and pictures, and the choices
of people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipeline.targets.protocols.labels import TargetIndex


class Describe(Protocol):
    """The names of `targets/<name>/describe/interface.py`; no torch there.

    Lines are Markdown, in which names that come from data are escaped. Importing it is quick:
    drawing code is imported when it is needed.
    """

    TASK: str
    """Second word of a task on the Hugging Face Hub, such as `classification`."""
    NOUN: str
    """The word for a label where people pick one: `class`."""
    FIELDS: Mapping[str, tuple[str, str]]
    """Type in Croissant and meaning of two columns of data/clean: the labels, `label`, and those of
    the source, `label_given`."""
    SHEET: tuple[str, str]
    """Name and title of the picture of some training examples by their labels, see `sheet`."""
    LISTS: Mapping[str, tuple[str, int]]
    """Lists for people, by their names: a table of data/findings that only this target has, and the
    digits of its numbers."""

    def summary(self, index: TargetIndex) -> str:
        """The labels in a few words, such as `10 classes`."""
        ...

    def keywords(self, index: TargetIndex) -> list[str]:
        """Keywords of the data."""
        ...

    def counts(self, table: pa.Table, index: TargetIndex) -> Iterator[str]:
        """Lines on the labels in each split.

        `table` has the columns of labels, group and split of data/clean.
        """
        ...

    def label_check(self, labels: Mapping[str, Any]) -> Iterator[str]:
        """Lines on wrong labels; `labels` as in reports/labels.json.

        A figure that could not be judged is missing there.
        """
        ...

    def reliability(self, labels: Mapping[str, Any]) -> Iterator[str]:
        """The lines of `label_check` on the reliability of models; also on the review page."""
        ...

    def sheet(self, table: pa.Table, index: TargetIndex) -> dict[str, list[str]]:
        """Ids of some training examples by the name of their row in the picture SHEET.

        `table` has the columns id, split and the one of labels of data/clean. The order of its
        rows does not matter.
        """
        ...

    def in_words(self, label: Any) -> str:
        """A value of the column of labels, as people read it."""
        ...

    def of_shard(self, y: Any, index: TargetIndex) -> str:
        """A value of the column `y` of a shard, as people read it."""
        ...

    def doubt(self, row: Mapping[str, Any]) -> str:
        """Caption of an example whose label is suspected: a row of `suspected` of data/findings."""
        ...

    def suspected_lists(self, suspected: pa.Table, index: TargetIndex) -> dict[str, pa.Table]:
        """Further lists, by their names, that sum up the table `suspected` of data/findings."""
        ...

    def draw_suspected(self, suspected: pa.Table, index: TargetIndex, folder: Path) -> None:
        """Write pictures that sum up the table `suspected` into a folder, as `<name>.png`."""
        ...

    def choices(self, index: TargetIndex) -> list[str]:
        """Labels that people choose from, in order; [] if they cannot be listed."""
        ...

    def why(self, reason: str, item: Mapping[str, Any]) -> str:
        """A sentence on why an example is in the review queue; `item` is its row.

        `reason` is `label` or `annotators`.
        """
        ...
