"""What a modality has for augment: the preparation that is learnt from train."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import pyarrow as pa

from pipeline.modalities.protocols.encode import Inputs, Preparation

Sums = dict[str, list[int]]
"""Exact sums over rows by name, which are added up over shards; as JSON."""


class Fit(Protocol):
    """The names of `modalities/<name>/fit/interface.py`."""

    def fit(
        self,
        index: Mapping[str, Any],
        tables: Callable[[], Iterable[pa.Table]],
        settings: Any,
    ) -> Preparation:
        """The preparation by which examples are encoded.

        Args:
            index: of data/clean.
            tables: reads the training examples of data/clean, table by table, with the columns
                CONTENT of encode; as often as wanted.
            settings: what the modality adds to the section `augment`.
        """
        ...

    def sums(self, inputs: Inputs) -> Sums:
        """Sums over original rows, from which `finish` takes what it needs; may be empty."""
        ...

    def finish(self, preparation: Preparation, sums: Sums) -> Preparation:
        """The preparation with what is learnt from all encoded training examples.

        `sums` are those of all of them; those of no row where there are none.
        """
        ...
