"""What a target has for validate: what is expected of labels, and what a profile says of them."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.validation.rules import Rule
from pipeline.dataset.validation.statistics import Features, Profile
from pipeline.targets.protocols.labels import TargetIndex


class AboutLabels(NamedTuple):
    """A table about labels, with a column `id`, and what is expected of it."""

    table: pd.DataFrame
    rules: list[Rule]
    noun: str
    """What its rows are called."""


class Rules(Protocol):
    """The names of `targets/<name>/rules/interface.py`.

    `table` has a row for each example that is not set aside, with the columns of data/raw but the
    content, and the features of the modality.
    """

    def row_rules(self, target: TargetIndex) -> list[Rule]:
        """By which rows are set aside."""
        ...

    def add_columns(
        self,
        table: pd.DataFrame,
        target: TargetIndex,
        patterns: Callable[[pd.DataFrame], NDArray[np.float64]],
        checksums: NDArray[np.int64],
    ) -> None:
        """Add what `table_rules`, `add_to_splits` and `profile` need.

        Args:
            patterns: numbers that tell rows of a table apart, `(N, F)`.
            checksums: a number for each id, `(N,)`, by which to pick the same rows in each version.
        """
        ...

    def table_rules(
        self, table: pd.DataFrame, target: TargetIndex, before: Profile | None, max_drift: float
    ) -> list[Rule]:
        """About all examples."""
        ...

    def tables(
        self,
        table: pd.DataFrame,
        target: TargetIndex,
        before: Profile | None,
        features: Features,
        settings: Any,
    ) -> list[AboutLabels]:
        """Tables about labels; `settings` is the section `validate`."""
        ...

    def split_rules(self, max_drift: float) -> list[Rule]:
        """About columns that `add_to_splits` adds."""
        ...

    def add_to_splits(
        self, found: pd.DataFrame, table: pd.DataFrame, splits: NDArray[np.int64]
    ) -> None:
        """Add columns to the table of splits, whose first row is train.

        `splits` has the row of `found` for each of `table`, `(N,)`.
        """
        ...

    def profile(
        self, table: pd.DataFrame, target: TargetIndex, features: Features
    ) -> dict[str, Any]:
        """What a profile says of labels: numbers by their keys."""
        ...

    def counts_before(self, before: Profile) -> dict[str, int]:
        """How many examples had each value of the column `label`; empty where it has no few."""
        ...
