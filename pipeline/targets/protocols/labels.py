"""The part of a target for ingest, add, augment and predict: reads, indexes and encodes labels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

TargetIndex = Mapping[str, Any]
"""The possible labels, as JSON, such as `{"classes": ["cat", "dog"]}`: the key `target` of the
indexes of data/raw, data/clean and data/shards, and of model.json."""

Times = Callable[[NDArray, int], NDArray[np.int64]]
"""Gives the number of rows of N training examples in each copy of the shards, `(copies, N)`, from
their `y` and the number of copies; 1 in the first copy. Called for each run of examples in turn."""


class LabelTally(Protocol):
    """Counts of the labels of a dataset, taken while its rows pass by."""

    def add(self, table: pa.Table) -> None:
        """Count rows of data/raw."""
        ...

    def summary(self, index: TargetIndex) -> list[str]:
        """Lines for people who add a dataset: `cat: 64`."""
        ...

    def misfit(self) -> str | None:
        """The other target that the labels seem to be of, such as `numbers`; None if none."""
        ...

    def oddities(self, index: TargetIndex) -> list[str]:
        """A sentence for each thing that looks suspicious."""
        ...


class Labels(Protocol):
    """The names of `targets/<name>/labels/interface.py`; no torch there.

    `entry` is a catalog entry with what the target adds to it. Sources give labels as texts.
    """

    COLUMN: str
    """The column of labels in data/raw and data/clean, and the key in an entry: `label`."""
    USUAL_NAMES: Sequence[str]
    """Usual names of the column in a manifest, the best first."""
    UNKNOWN: str
    """Words for a label that is not in an index: `no class`."""

    def column_type(self) -> pa.DataType:
        """Type of COLUMN."""
        ...

    def problem_in(self, index: Mapping[str, Any]) -> str | None:
        """Why an untrusted `index` is not valid; or None."""
        ...

    def num_outputs(self, index: TargetIndex) -> int:
        """Width of the last layer of a network."""
        ...

    def fit(self, values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> TargetIndex:
        """Add to the index what is learnt from the labels of train, for the shards and the model.

        Args:
            values: COLUMN of all training examples.
            index: of data/clean.
            settings: have what the target adds to the section `augment`.

        Raises:
            SettingsError: these labels cannot be encoded in that way.
        """
        ...

    def encode(self, values: pa.ChunkedArray, index: TargetIndex) -> NDArray:
        """Make the column `y` of a shard, `(N,)` or `(N, ...)`, from COLUMN without nulls."""
        ...

    # From the labels of a source to an index

    def names_in(self, entry: Any) -> list[str] | None:
        """The entry's names of labels, in the order of their codes; None if it has none."""
        ...

    def namer(self, texts: set[str], entry: Any, where: str) -> Callable[[str], str | None]:
        """Make the function from a text of a manifest to a label; `texts` are all of them.

        Raises:
            SourceError: none of them is a label; `where` is the source, for the message.
        """
        ...

    def problem_of(self, label: str, entry: Any) -> str | None:
        """Why a label of a manifest cannot be used; None if it can."""
        ...

    def index_of(self, entry: Any, labels: list[str] | set[str]) -> TargetIndex:
        """Make the index from the entry and the labels of the source.

        Args:
            labels: the distinct ones in the source: a list in the order of their codes, or a set.
        """
        ...

    def is_missing(self, text: str, index: TargetIndex) -> bool:
        """Whether a text stands for a missing label, such as -1 among codes."""
        ...

    def refuse_unfit(self, entry: Any, labels: list[str] | set[str], where: str) -> None:
        """Check that labels can be learnt; `labels` as in `index_of`, `where` for messages.

        Raises:
            SourceError: they differ from those of the entry, or are too few.
        """
        ...

    def column(self, labels: Sequence[str | None], index: TargetIndex) -> pa.Array:
        """Make COLUMN from labels of a source; null for those that are not in the index."""
        ...

    # Labels by several people

    def named(self, texts: Sequence[str], index: TargetIndex) -> list[str | None]:
        """Labels of the distinct texts in a table of annotations; None for other texts."""
        ...

    def how_to_mend(self, index: TargetIndex) -> str:
        """What to do about unknown labels of annotators: the fix of an error."""
        ...

    def vote(
        self, rows: NDArray, labels: pa.Array, num_examples: int, index: TargetIndex
    ) -> pa.Array:
        """Combine several labels of each example, `(N,)`, into COLUMN; null without labels.

        Args:
            rows: the example of each label, `(M,)`, from 0 to N - 1.
            labels: texts, `(M,)`, which are in the index.
        """
        ...

    # For people

    def describe(self, index: TargetIndex) -> str:
        """The labels in words: `10 classes`."""
        ...

    def label_names(self, index: TargetIndex) -> list[str]:
        """Names of the values of column `y` of shards, from 0 on; empty if they have none."""
        ...

    def figures(self, index: TargetIndex) -> dict[str, int]:
        """Figures of the index in reports/ingest.json: `{"classes": 10}`."""
        ...

    def new_tally(self) -> LabelTally: ...

    # For `add`

    def without_names(self, entry: Any) -> Any | None:
        """The entry without names of labels, so that a source is read as if it were new; None if it
        has none."""
        ...

    def names_more(self, entry: Any, index: TargetIndex) -> bool:
        """Whether a source has labels by the names of the entry, and further ones.

        `index` is that of the source by itself. If it has none of these names, the entry renames
        labels or codes.
        """
        ...

    def grow(self, entry: Any, index: TargetIndex) -> tuple[TargetIndex, list[str]]:
        """Append the labels of `index` that the entry's index lacks; returns these too."""
        ...

    def entry_fields(self, index: TargetIndex) -> dict[str, list[str]]:
        """Keys of a new entry."""
        ...

    def add_names(self, content: dict[str, Any], names: list[str]) -> None:
        """Add labels to the content of an entry, so that all others keep their codes."""
        ...

    # For `predict`

    def answer(self, probabilities: NDArray, index: TargetIndex) -> dict[str, Any]:
        """The prediction for an example, as JSON, from `Judging.probabilities`.

        The first value is the label itself. If labels have probabilities, `probability` is that
        of the label, and `probabilities` has that of each.
        """
        ...

    def answer_words(self, probabilities: NDArray, index: TargetIndex) -> list[str]:
        """The prediction in a few words: the best label, its probability."""
        ...

    def balance(self, values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> Times:
        """Make the function that repeats training examples in copies, from COLUMN of all of them.

        `settings` has what the target adds to the section `augment`.
        """
        ...
