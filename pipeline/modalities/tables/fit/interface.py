"""The names of modalities/protocols/fit.py, for tables: all is learnt before encoding."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.fit import Sums
from pipeline.modalities.tables.content.columns import columns_of
from pipeline.modalities.tables.content.matrix import matrix_of
from pipeline.modalities.tables.content.rows import Row, look_at, read_row
from pipeline.modalities.tables.fit.learning import learn


def fit(
    index: Mapping[str, Any],
    tables: Callable[[], Iterable[pa.Table]],
    settings: Any,
) -> Preparation:
    """Learn statistics of the training rows, column by column."""
    options = index["content"].get("options", {})

    def rows() -> Iterator[list[Row]]:
        for table in tables():
            yield [read_row(text) for text in table["row"].to_pylist()]

    columns = columns_of(options) or look_at(row for some in rows() for row in some)
    inputs = [column for column in columns if column.is_input]
    return {**learn((matrix_of(some, inputs) for some in rows()), inputs), "options": options}


def sums(inputs: Inputs) -> Sums:
    return {}


def finish(preparation: Preparation, sums: Sums) -> Preparation:
    return preparation
