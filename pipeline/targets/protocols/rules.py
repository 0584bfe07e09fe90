"""What a target has for validate: what is expected of labels, and what a profile says of them.

A table has a row for each example: the columns of data/raw but heavy content, and the features.
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
"""A number for each example, `(N,)`, which stays the same from one version of the data to the next;
by it examples are spread over folds."""


class Signal(NamedTuple):
    """How well measurements tell labels. It falls when labels are wrong or of other examples."""

    values: Float64
    """Of each example, `(N,)`, the more the better; NaN for those left out."""
    chance: float
    """The mean where labels have nothing to do with examples."""


class LabelTable(NamedTuple):
    """A table with a row for each of something that labels are about, such as classes."""

    rows: pd.DataFrame
    """Has a column `id`, by which rows that fail are named."""
    rules: list[Rule]
    noun: str
    """What the rows are called: `classes`."""


class Rules(Protocol):
    """The names of `targets/<name>/rules/interface.py`."""

    LABEL: pa.Field
    """The column of labels of data/raw, which tables have as `label` too. A label is remembered and
    compared as its text."""

    def row_rules(self, target: TargetIndex) -> list[Rule]:
        """What is expected of each example's label, under reasons to set it aside."""
        ...

    def signal(
        self, table: pd.DataFrame, patterns: Patterns, checksums: Checksums, target: TargetIndex
    ) -> Signal | None:
        """The label signal of the examples that remain; None where they are too few to tell.

        Its time must not grow much with N: some examples are enough. validate compares it over
        splits, and keeps its mean in the profile as `label_signal`.
        """
        ...

    def signal_rules(
        self, table: pd.DataFrame, target: TargetIndex, before: Profile | None, settings: Any
    ) -> list[Rule]:
        """What is expected of the column `label_signal`, which has the values of `signal`."""
        ...

    def drift_rules(self, table: pd.DataFrame, before: Profile, settings: Any) -> list[Rule]:
        """What is expected of labels since the profile, such as how frequent each is."""
        ...

    def label_tables(
        self,
        table: pd.DataFrame,
        features: Sequence[str],
        target: TargetIndex,
        before: Profile | None,
        settings: Any,
    ) -> list[LabelTable]:
        """What else is expected, such as of each class; [] for nothing."""
        ...

    def profile(
        self, table: pd.DataFrame, features: Sequence[str], target: TargetIndex
    ) -> dict[str, int | float]:
        """What a profile says of labels: finite numbers, from which the rules above are made.

        Keys begin with a word of the target and a dot: `class.cat.train`.
        """
        ...
