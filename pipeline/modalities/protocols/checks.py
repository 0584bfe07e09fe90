"""The part of a modality for validate: rules about examples, and features to compare them by."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pandas as pd

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.rules import Rule
from pipeline.dataset.measurement import Measurement

ContentIndex = Mapping[str, Any]
"""Common properties of examples, as JSON: `content` in the index of data/raw."""


class Features(NamedTuple):
    """Columns of numbers by which examples are compared."""

    names: Sequence[str]
    """All features: a profile has the mean and the spread of each."""
    with_quantiles: Sequence[str]
    """Features of which it also has quantiles."""


class ColumnTable(NamedTuple):
    """A table about parts of examples, such as with a row for each column."""

    rows: pd.DataFrame
    """Has a column `id`, by which rows that fail are named."""
    rules: list[Rule]
    noun: str
    """Name of the rows: `columns`."""


class Checks(Protocol):
    """The names of `modalities/<name>/checks/interface.py`.

    Rules about every example (a licence, a split, no copy) are not listed here.
    """

    CONTENT: Mapping[str, str]
    """Columns of content of data/raw that are read here, with the names of their Arrow types; `{}`
    if they are large."""
    MEASUREMENTS: Sequence[Measurement]
    """Measurements in data/raw. An example with one missing or out of bounds is set aside as not
    measured."""
    WORDS: Sequence[str]
    """Further columns of data/raw: one of a few words for each example. A profile counts each."""
    ROW_RULES: Sequence[Rule]
    """Rules about each example by itself, with reasons to set it aside, on columns of
    `add_row_checks`. An expectation of the entry on such a column replaces the rule."""
    ACROSS_SPLITS: Sequence[Rule]
    """Rules that compare examples with those of other splits, on columns of `add_relations`."""
    AMONG_EXAMPLES: Sequence[Rule]
    """Rules that compare examples with all others, on columns of `add_relations`.
    """

    def add_row_checks(self, rows: pd.DataFrame) -> None:
        """Add columns about each example by itself, which an entry's expectations may name too.

        Those that rules name are truth values, which are good if nothing was measured. `rows` has
        the columns of data/raw that are read here, all rows.
        """
        ...

    def add_relations(self, rows: pd.DataFrame) -> None:
        """Add columns that compare examples with others: truth values.

        See dataset/expectations/relations.py. `rows` has the same columns, and rows with a split
        and all measurements.
        """
        ...

    def features(self, content: ContentIndex) -> Features:
        """The features of a dataset with these common properties."""
        ...

    def add_features(self, table: pd.DataFrame, content: ContentIndex) -> None:
        """Add those features that are not columns of data/raw; all must be finite then."""
        ...

    def tables(
        self, table: pd.DataFrame, content: ContentIndex, before: Profile | None, settings: Any
    ) -> list[ColumnTable]:
        """Further tables and rules about all examples together; [] for none.

        Args:
            table: the examples that remain, with the features, `label`, and the columns read here.
            before: the accepted profile, if there is one.
            settings: the section `validate`.
        """
        ...

    def profile(self, table: pd.DataFrame, content: ContentIndex) -> dict[str, int | float]:
        """Further parts of a profile, which `tables` uses: finite numbers.

        Keys begin with a word of the modality and a blank or a dot.
        """
        ...

    def patterns(self, table: pd.DataFrame, content: ContentIndex) -> Float64:
        """Numbers from which a linear model can predict labels in part, `(N, F)`; `table` has the
        features. Constant columns do no harm."""
        ...
