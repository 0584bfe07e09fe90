"""What a modality has for validate: features by which examples are compared, and rules of them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pandas as pd
from numpy.typing import NDArray

from pipeline.dataset.validation.rules import Rule
from pipeline.dataset.validation.statistics import Features

InSeveral = Callable[[NDArray[Any]], NDArray[Any]]
"""Says of codes, `(N,)`, which rows share theirs with a row of another split."""


class Checks(Protocol):
    """The names of `modalities/<name>/checks/interface.py`.

    Tables have the columns of data/raw but those of the content.
    """

    FEATURES: Features
    """What `add_features` adds, and measurements."""
    ROW_RULES: Sequence[Rule]
    """By which rows are set aside; about columns that `add_row_checks` adds."""
    REPLACED: Sequence[str]
    """Columns of ROW_RULES that people may judge otherwise: what an entry expects of one of them
    takes the place of the rule."""
    TABLE_RULES: Sequence[Rule]
    """About columns that `add_relations` adds."""

    def add_row_checks(self, table: pd.DataFrame) -> None:
        """Add truth values about each row; fine where it was not measured."""
        ...

    def add_features(self, table: pd.DataFrame) -> None:
        """Add what is made of the measurements."""
        ...

    def add_relations(self, table: pd.DataFrame, in_several: InSeveral) -> None:
        """Add truth values about what rows are to each other."""
        ...

    def patterns(self, table: pd.DataFrame) -> NDArray[Any]:
        """Numbers that tell examples apart, `(N, F)`, of a table with FEATURES."""
        ...
