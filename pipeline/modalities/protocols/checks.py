"""What a modality has for validate: rules of examples, and features by which they are compared."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pandas as pd

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.rules import Rule
from pipeline.dataset.measurement import Measurement

ContentIndex = Mapping[str, Any]
"""What examples have in common, as JSON: `content` in the index of data/raw."""


class Features(NamedTuple):
    """Columns of numbers by which examples are compared."""

    names: Sequence[str]
    """All of them: a profile has the mean and the spread of each."""
    with_quantiles: Sequence[str]
    """Those of which it has quantiles, too."""


class ColumnTable(NamedTuple):
    """A table with a row for each of something that examples have, such as columns."""

    rows: pd.DataFrame
    """Has a column `id`, by which rows that fail are named."""
    rules: list[Rule]
    noun: str
    """What the rows are called: `columns`."""


class Checks(Protocol):
    """The names of `modalities/<name>/checks/interface.py`.

    What validate asks of every example (a licence, a split, no copy) is not listed here.
    """

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

    def add_row_checks(self, rows: pd.DataFrame) -> None:
        """Add columns about each example by itself, which an entry's expectations may name too.

        Those that rules name are truth values, which say that all is well where nothing was
        measured. `rows` has the columns of data/raw that are read here, all rows.
        """
        ...

    def add_relations(self, rows: pd.DataFrame) -> None:
        """Add columns about examples as compared with others: truth values.

        See dataset/expectations/relations.py. `rows` has the same columns, and rows with a split
        and all measurements.
        """
        ...

    def features(self, content: ContentIndex) -> Features:
        """By which columns the examples of a dataset are compared, by what they have in common."""
        ...

    def add_features(self, table: pd.DataFrame, content: ContentIndex) -> None:
        """Add those features that are not columns of data/raw; all must be finite then."""
        ...

    def tables(
        self, table: pd.DataFrame, content: ContentIndex, before: Profile | None, settings: Any
    ) -> list[ColumnTable]:
        """What else is expected of the examples together; [] for nothing.

        Args:
            table: the examples that remain, with the features, `label`, and the columns read here.
            before: the accepted profile, if there is one.
            settings: the section `validate`.
        """
        ...

    def profile(self, table: pd.DataFrame, content: ContentIndex) -> dict[str, int | float]:
        """What a profile says further, from which `tables` makes rules: finite numbers.

        Keys begin with a word of the modality and a blank or a dot.
        """
        ...

    def patterns(self, table: pd.DataFrame, content: ContentIndex) -> Float64:
        """Numbers that tell examples apart, `(N, F)`, from which a straight line finds some of what
        labels say; `table` has the features. Constant columns do no harm."""
        ...
