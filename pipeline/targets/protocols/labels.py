"""What a target has for ingest, add, augment, predict: labels are read, indexed and encoded."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

TargetIndex = Mapping[str, Any]
"""What labels may be, as JSON, such as `{"classes": ["cat", "dog"]}`. It stands under `target` in
the indexes of data/raw, data/clean and data/shards, and in model.json."""

Times = Callable[[NDArray, int], NDArray[np.int64]]
"""How often each of N training examples stands in each copy of the shards, `(copies, N)`, by their
`y` and the number of copies; once in the first. Called for each run of examples in turn."""


class LabelTally(Protocol):
    """What is seen of the labels of a dataset while its rows pass by."""

    def add(self, table: pa.Table) -> None:
        """Count rows of data/raw."""
        ...

    def summary(self, index: TargetIndex) -> list[str]:
        """Lines for those who add a dataset: `cat: 64`."""
        ...

    def misfit(self) -> str | None:
        """What the labels look like that are of another target than this: `numbers`; else None."""
        ...

    def oddities(self, index: TargetIndex) -> list[str]:
        """A sentence for each thing that looks suspicious."""
        ...


class Labels(Protocol):
    """The names of `targets/<name>/labels/interface.py`; no torch there.

    `entry` is a catalog entry with what the target adds to it. Sources give labels as texts.
    """

    COLUMN: str
    """Of data/raw and data/clean, and a key of `columns` in an entry: `label`."""
    USUAL_NAMES: Sequence[str]
    """What the column of a manifest is usually called, the best name first."""
    UNKNOWN: str
    """What a label is that is not in an index: `no class`."""

    def column_type(self) -> pa.DataType:
        """Type of COLUMN."""
        ...

    def problem_in(self, index: Mapping[str, Any]) -> str | None:
        """Why `index`, which may come from anywhere, does not say what labels may be; or None."""
        ...

    def num_outputs(self, index: TargetIndex) -> int:
        """Width of the last layer of a network."""
        ...

    def fit(self, values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> TargetIndex:
        """The index with what is learnt of the labels of train, for the shards and the model.

        Args:
            values: of COLUMN, of all training examples.
            index: of data/clean.
            settings: have what the target adds to the section `augment`.

        Raises:
            SettingsError: these labels cannot be encoded in that way.
        """
        ...

    def encode(self, values: pa.ChunkedArray, index: TargetIndex) -> NDArray:
        """Column `y` of a shard, `(N,)` or `(N, ...)`, of values of COLUMN; none may be null."""
        ...

    # From the labels of a source to an index

    def names_in(self, entry: Any) -> list[str] | None:
        """Names that the entry gives to labels, in the order of their codes; None where it gives
        none."""
        ...

    def namer(self, texts: set[str], entry: Any, where: str) -> Callable[[str], str | None]:
        """What makes a label of data/raw of a text of a manifest; `texts` are all of them.

        Raises:
            SourceError: none of them is a label; `where` is the source, for the message.
        """
        ...

    def problem_of(self, label: str, entry: Any) -> str | None:
        """Why a label of a manifest cannot be used; None where it can."""
        ...

    def index_of(self, entry: Any, labels: list[str] | set[str]) -> TargetIndex:
        """What labels may be, by what the entry says and what the source has.

        Args:
            labels: the different ones in the source: a list in the order of their codes, or a set.
        """
        ...

    def is_missing(self, text: str, index: TargetIndex) -> bool:
        """Whether a text in place of a label says that there is none, such as -1 among codes."""
        ...

    def refuse_unfit(self, entry: Any, labels: list[str] | set[str], where: str) -> None:
        """See whether labels can be learnt; `labels` as in `index_of`, `where` for messages.

        Raises:
            SourceError: they are others than those of the entry, or too few.
        """
        ...

    def column(self, labels: Sequence[str | None], index: TargetIndex) -> pa.Array:
        """Values of COLUMN, of labels of a source; null for those that are not in the index."""
        ...

    # Labels by several people

    def named(self, texts: Sequence[str], index: TargetIndex) -> list[str | None]:
        """Labels for the different texts in a table of annotations; None for one that is none."""
        ...

    def how_to_mend(self, index: TargetIndex) -> str:
        """What to do about unknown labels of annotators: the fix of an error."""
        ...

    def vote(
        self, rows: NDArray, labels: pa.Array, num_examples: int, index: TargetIndex
    ) -> pa.Array:
        """What several labels say together, `(N,)`, as values of COLUMN; null where none is.

        Args:
            rows: the example of each label, `(M,)`, from 0 to N - 1.
            labels: texts, `(M,)`, which are in the index.
        """
        ...

    # For people

    def describe(self, index: TargetIndex) -> str:
        """What examples are of, in words: `10 classes`."""
        ...

    def label_names(self, index: TargetIndex) -> list[str]:
        """Names of the values of column `y` of shards, from 0 on; empty where these have none."""
        ...

    def figures(self, index: TargetIndex) -> dict[str, int]:
        """What reports/ingest.json says of the index: `{"classes": 10}`."""
        ...

    def new_tally(self) -> LabelTally: ...

    # For `add`

    def without_names(self, entry: Any) -> Any | None:
        """The entry without names of labels, so that a source is looked at as if it were new; None
        where it has none."""
        ...

    def names_more(self, entry: Any, index: TargetIndex) -> bool:
        """Whether a source has labels by the names of the entry, and further ones.

        `index` is that of the source by itself. Where it has none of these names, the entry names
        labels or codes in its own way.
        """
        ...

    def grow(self, entry: Any, index: TargetIndex) -> tuple[TargetIndex, list[str]]:
        """The entry's index with the labels of `index` that it lacks at the end, and these."""
        ...

    def entry_fields(self, index: TargetIndex) -> dict[str, list[str]]:
        """Keys of a new entry."""
        ...

    def add_names(self, content: dict[str, Any], names: list[str]) -> None:
        """Add labels to the content of an entry, so that all others keep their codes."""
        ...

    # For `predict`

    def answer(self, probabilities: NDArray, index: TargetIndex) -> dict[str, Any]:
        """What is predicted for an example, as JSON, from what judging makes of its outputs.

        The first value is the label itself. Where labels have probabilities, `probability` is that
        of the label, and `probabilities` has that of each.
        """
        ...

    def answer_words(self, probabilities: NDArray, index: TargetIndex) -> list[str]:
        """The same in a few words: the best label, its probability."""
        ...

    def balance(self, values: pa.ChunkedArray, index: TargetIndex, settings: Any) -> Times:
        """How often training examples stand in copies, by the values of COLUMN of all of them.

        `settings` has what the target adds to the section `augment`.
        """
        ...
