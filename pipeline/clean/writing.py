"""From the example table and what was decided about it to data/clean."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.clean.ledger import Ledger
from pipeline.dataset.parts import write_tables
from pipeline.dataset.review_queue import write_queue
from pipeline.dataset.table import (
    CLEAN_SCHEMA,
    REMOVED_SCHEMA,
    read_tables,
    words,
    write_examples,
    write_index,
)


def write_cleaned(
    folder: Path, raw: Path, rows: Ledger, queue: pa.Table, index: dict[str, Any]
) -> None:
    """Write what is kept of `raw`, what is removed and why, and the review queue, to `folder`.

    `index` is that of `raw`.
    """
    removed: list[pa.Table] = []

    def kept() -> Iterator[pa.Table]:
        start = 0
        for table in read_tables(raw):
            here = np.arange(start, start + table.num_rows)
            start += table.num_rows
            stays = rows.kept[here]
            gone = table.filter(pa.array(~stays))
            reasons = pa.array([rows.reasons[row] for row in here[~stays]], pa.string())
            removed.append(gone.append_column(REMOVED_SCHEMA.field("reason"), reasons))
            yield as_clean(table.filter(pa.array(stays)), here[stays], rows)

    files = write_tables(folder, kept(), CLEAN_SCHEMA)
    write_examples(
        pa.concat_tables(removed).unify_dictionaries().cast(REMOVED_SCHEMA),
        folder / "removed.parquet",
    )
    write_queue(folder, queue)
    about = {key: value for key, value in index.items() if key not in ("examples", "files")}
    write_index(folder, files, **about)


def as_clean(table: pa.Table, here: NDArray[np.int64], rows: Ledger) -> pa.Table:
    """Rows of data/raw as rows of data/clean; `here` are their numbers in the ledger."""
    names = rows.classes
    added = {
        "label": words([names[code] for code in rows.labels[here]], names),
        "label_given": words([names[code] for code in rows.given[here]], names),
        "label_quality": pa.array(rows.quality[here].astype(np.float32), from_pandas=True),
        "suspected": pa.array(rows.marked[here]),
        "weight": pa.array(rows.weights[here].astype(np.float32)),
    }
    columns = [added[name] if name in added else table[name] for name in CLEAN_SCHEMA.names]
    return pa.table(columns, schema=CLEAN_SCHEMA)
