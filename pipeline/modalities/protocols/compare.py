"""What a modality has for validate, clean: rules, features and near duplicates of examples."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.expectations.rules import Rule
from pipeline.dataset.measurement import Measurement
from pipeline.modalities.pairs import Pairs, Progress

if TYPE_CHECKING:
    import pandas as pd

ContentIndex = Mapping[str, Any]
"""What examples have in common, as JSON: `content` in the index of data/raw."""


class Features(NamedTuple):
    """Columns of numbers by which examples are compared."""

    names: Sequence[str]
    """All of them: a profile has the mean and the spread of each."""
    with_quantiles: Sequence[str]
    """Those of which it has quantiles, too."""


class Compare(Protocol):
    """The names of `modalities/<name>/compare/interface.py`."""

    # For clean.

    NEEDED: Sequence[str]
    """Measurements that `distances` takes."""
    UNUSUAL: float
    """The distance above which an example is none of the dataset."""

    def distances(self, columns: Mapping[str, NDArray[Any]]) -> Float64:
        """How unusual the measurements of each example are together, `(N,)`.

        `columns` has NEEDED, each `(N,)`.
        """
        ...

    def load(self, folder: Path, index: Mapping[str, Any]) -> Any:
        """All N rows of an example table, in the form in which they are compared.

        Only the modality looks inside. Something neutral stands in for rows without content.

        Args:
            folder: data/raw.
            index: of this folder.
        """
        ...

    def find_pairs(
        self, loaded: Any, rows: Rows, ranks: Rows, progress: Progress
    ) -> tuple[Pairs, int]:
        """Find near duplicates; what may save time in the next run is kept (runtime/cache.py).

        Args:
            loaded: by `load`.
            rows: examples to compare, without exact copies; `(M,)`.
            ranks: splits, numbered; `(N,)`. Each is searched in itself and in those numbered lower.

        Returns:
            The pairs, and how many of the examples the last run had searched.
        """
        ...

    # For validate. What it asks of every example (a licence, a split, no copy) is not listed here.

    CONTENT: Mapping[str, str]
    """Columns of data/raw with content that is read here, with their types by their names in Arrow;
    `{}` where that would be much."""
    MEASUREMENTS: Sequence[Measurement]
    """Columns of data/raw. An example of which one is missing or out of its bounds is set aside as
    not measured."""
    WORDS: Sequence[str]
    """Further columns of data/raw: a word out of few for each example. A profile counts each."""
    ROW_RULES: Sequence[Rule]
    """What is expected of each example by itself, under reasons to set it aside, about columns of
    `add_row_checks`. Where an entry expects something of such a column, it takes the rule's place.
    """
    ACROSS_SPLITS: Sequence[Rule]
    """What is expected of examples as compared with those of other splits, about columns of
    `add_relations`."""
    AMONG_EXAMPLES: Sequence[Rule]
    """What is expected of examples as compared with all others, about columns of `add_relations`.
    """

    def add_row_checks(self, rows: "pd.DataFrame") -> None:
        """Add columns about each example by itself, which an entry's expectations may name too.

        Those that rules name are truth values, which say that all is well where nothing was
        measured. `rows` has the columns of data/raw that are read here, all rows.
        """
        ...

    def add_relations(self, rows: "pd.DataFrame") -> None:
        """Add columns about examples as compared with others: truth values.

        See dataset/expectations/relations.py. `rows` has the same columns, and rows with a split
        and all measurements.
        """
        ...

    def features(self, content: ContentIndex) -> Features:
        """By which columns the examples of a dataset are compared, by what they have in common."""
        ...

    def add_features(self, table: "pd.DataFrame", content: ContentIndex) -> None:
        """Add those features that are not columns of data/raw; all must be finite then."""
        ...

    def patterns(self, table: "pd.DataFrame", content: ContentIndex) -> Float64:
        """Numbers that tell examples apart, `(N, F)`, from which a straight line finds some of what
        labels say; `table` has the features. Constant columns do no harm."""
        ...
