"""The part of a modality for augment: learns the preparation from train."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import pyarrow as pa

from pipeline.modalities.protocols.encode import Inputs, Preparation

Sums = dict[str, list[int]]
"""Exact sums over rows by name, as JSON; they are added up over shards."""


class Fit(Protocol):
    """The names of `modalities/<name>/fit/interface.py`."""

    def fit(
        self,
        index: Mapping[str, Any],
        tables: Callable[[], Iterable[pa.Table]],
        settings: Any,
    ) -> Preparation:
        """Learn the preparation that encodes examples.

        Args:
            index: that of data/clean.
            tables: reads the training examples of data/clean, table by table, with the columns
                CONTENT of encode; may be called repeatedly.
            settings: what the modality adds to the section `augment`.
        """
        ...

    def sums(self, inputs: Inputs) -> Sums:
        """Sums over original rows, for `finish`; may be empty."""
        ...

    def finish(self, preparation: Preparation, sums: Sums) -> Preparation:
        """Complete the preparation from all encoded training examples.

        `sums` are those of all of them; without any, those of zero rows.
        """
        ...
