"""Loads rows of data/raw in the form in which they are compared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64
from pipeline.dataset.table import read_tables
from pipeline.modalities.tables.content.columns import TableColumn, columns_of
from pipeline.modalities.tables.content.matrix import MISSING, matrix_of
from pipeline.modalities.tables.content.rows import look_at, read_row


class LoadedRows(NamedTuple):
    """N rows with only their inputs."""

    numbers: Float64
    """`(N, F)`; NaN for missing."""
    codes: NDArray[np.int32]
    """Categories, `(N, C)`: the place of a value in `values`."""
    columns: list[TableColumn]
    values: list[list[str]]
    """Values of each category, including MISSING."""

    def take(self, rows: Any) -> "LoadedRows":
        return self._replace(numbers=self.numbers[rows], codes=self.codes[rows])


def load_rows(folder: Path, index: Mapping[str, Any]) -> LoadedRows:
    """Load all rows of data/raw; all values of a row without content are missing."""
    stored = columns_of(index["content"].get("options", {}))

    def tables() -> Any:
        for table in read_tables(folder, ["row"]):
            yield [read_row(text) for text in table["row"].to_pylist()]

    columns = [c for c in stored or look_at(row for some in tables() for row in some) if c.is_input]
    numbers: list[Float64] = []
    codes: list[NDArray[np.int32]] = []
    known: list[dict[str, int]] = []
    for rows in tables():
        part = matrix_of(rows, columns)
        known = known or [{MISSING: 0} for _ in part.texts]
        numbers.append(part.numbers)
        coded = [
            np.fromiter((place.setdefault(t, len(place)) for t in texts), np.int32, len(texts))
            for place, texts in zip(known, part.texts, strict=True)
        ]
        codes.append(np.stack(coded, axis=1) if coded else np.zeros((len(rows), 0), np.int32))
    return LoadedRows(
        np.concatenate(numbers), np.concatenate(codes), columns, [list(place) for place in known]
    )
