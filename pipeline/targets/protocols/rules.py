"""The part of a target for validate: rules about labels, and their part of a profile.

A table has a row for each example: the columns of data/raw except content, and the features.
`settings` are the section `validate`, with what the target adds to it. `before` is the accepted
profile, None where there is none.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.dataset.arrays import Float64
from pipeline.dataset.expectations.drift import Profile
from pipeline.dataset.expectations.rules import Rule
from pipeline.targets.protocols.labels import TargetIndex

Patterns = Callable[[pd.DataFrame], Float64]
"""Numbers that tell the examples of a table apart, `(N, F)`."""
Checksums = np.ndarray[Any, np.dtype[np.int64]]
"""A number for each example, `(N,)`, which stays the same between versions of the data; it assigns
examples to folds."""


class Signal(NamedTuple):
    """How well measurements predict labels. It falls if labels are wrong or of other examples."""

    values: Float64
    """Value of each example, `(N,)`, the greater the better; NaN for those left out."""
    chance: float
    """The mean if labels are independent of examples."""


class LabelTable(NamedTuple):
    """A table about labels, such as with a row for each class."""

    rows: pd.DataFrame
    """Has a column `id`, by which rows that fail are named."""
    rules: list[Rule]
    noun: str
    """Name of the rows: `classes`."""


class Rules(Protocol):
    """The names of `targets/<name>/rules/interface.py`."""

    LABEL: pa.Field
    """The column of labels of data/raw, which tables also have as `label`. Profiles compare labels
    as text."""

    def row_rules(self, target: TargetIndex) -> list[Rule]:
        """Rules about each example's label, with reasons to set it aside."""
        ...

    def signal(
        self, table: pd.DataFrame, patterns: Patterns, checksums: Checksums, target: TargetIndex
    ) -> Signal | None:
        """The label signal of the examples that remain; None if they are too few.

        Its time must not grow much with N: some examples are enough. validate compares it over
        splits, and keeps its mean in the profile as `label_signal`.
        """
        ...

    def signal_rules(
        self, table: pd.DataFrame, target: TargetIndex, before: Profile | None, settings: Any
    ) -> list[Rule]:
        """Rules about the column `label_signal`, which has the values of `signal`."""
        ...

    def drift_rules(self, table: pd.DataFrame, before: Profile, settings: Any) -> list[Rule]:
        """Rules about changes of labels since the profile, such as in frequency."""
        ...

    def label_tables(
        self,
        table: pd.DataFrame,
        features: Sequence[str],
        target: TargetIndex,
        before: Profile | None,
        settings: Any,
    ) -> list[LabelTable]:
        """Further tables and rules, such as about each class; [] for none."""
        ...

    def profile(
        self, table: pd.DataFrame, features: Sequence[str], target: TargetIndex
    ) -> dict[str, int | float]:
        """The part of a profile on labels: finite numbers, which the rules above use.

        Keys begin with a word of the target and a dot: `class.cat.train`.
        """
        ...
