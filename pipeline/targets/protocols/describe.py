"""What a target has for describe, review: its part of the data card, its lists and pictures, and
what people may decide."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipeline.targets.protocols.labels import TargetIndex


class Describe(Protocol):
    """The names of `targets/<name>/describe/interface.py`; no torch there.

    Lines are Markdown, in which names that come from data are escaped. Importing it is quick: what
    draws is imported when something is drawn.
    """

    TASK: str
    """Second word of a task on the Hugging Face Hub, such as `classification`."""
    NOUN: str
    """What a label is called where people pick one: `class`."""
    FIELDS: Mapping[str, tuple[str, str]]
    """Type in Croissant and meaning of two columns of data/clean, in this order: the labels, and
    those of the source: `label` and `label_given`."""
    SHEET: tuple[str, str]
    """Name and title of the picture of some training examples by their labels, see `sheet`."""
    LISTS: Mapping[str, tuple[str, int]]
    """Lists for people, by their names: a table of data/findings that only this target has, and how
    many digits its numbers get."""

    def summary(self, index: TargetIndex) -> str:
        """What labels may be, in a few words, such as `10 classes`."""
        ...

    def keywords(self, index: TargetIndex) -> list[str]:
        """What to find the data by."""
        ...

    def counts(self, table: pa.Table, index: TargetIndex) -> Iterator[str]:
        """Lines on how labels are spread over the splits.

        `table` has the columns of labels and split of data/clean.
        """
        ...

    def label_check(self, labels: Mapping[str, Any]) -> Iterator[str]:
        """Lines on what was found to be wrong with labels; `labels` as in reports/labels.json.

        A figure that could not be judged is not there.
        """
        ...

    def reliability(self, labels: Mapping[str, Any]) -> Iterator[str]:
        """Those of `label_check` on how far models can be relied on; also on the review page."""
        ...

    def sheet(self, table: pa.Table, index: TargetIndex) -> dict[str, list[str]]:
        """Ids of some training examples by a name for them, a row of the picture SHEET each.

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
        """Labels that people pick out of, in their order; [] where they cannot be listed."""
        ...

    def why(self, reason: str, item: Mapping[str, Any]) -> str:
        """A sentence on why an example is in the review queue, of which `item` is a row.

        `reason` is `label` or `annotators`.
        """
        ...
