"""Writes data/clean and the removed rows, from data/raw and the ledger."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.clean.hub_card import NAME, hub_card
from pipeline.clean.ledger import Ledger
from pipeline.dataset.findings import REASONS, removed_schema
from pipeline.dataset.parts import write_tables
from pipeline.dataset.table import clean_schema, read_schema, read_tables, words, write_index

OF_RAW = ("examples", "files", "pool", "types", "counts")
"""Keys of the index of data/raw that concern data/raw alone."""


def write_cleaned(folder: Path, raw: Path, rows: Ledger, index: dict[str, Any]) -> pa.Table:
    """Write the kept rows of `raw` to `folder`; returns the removed rows.

    `index` is that of `raw`, whose columns decide those of both.
    """
    removed: list[pa.Table] = []

    def kept() -> Iterator[pa.Table]:
        start = 0
        for table in read_tables(raw):
            here = np.arange(start, start + table.num_rows)
            start += table.num_rows
            stays = rows.kept[here]
            removed.append(as_removed(table.filter(pa.array(~stays)), here[~stays].tolist(), rows))
            yield as_clean(table.filter(pa.array(stays)), here[stays], rows)

    schema = clean_schema(read_schema(raw), rows.column)
    files = write_tables(folder, kept(), schema)
    card = hub_card(schema, index["features"])
    (folder / NAME).write_text(card, encoding="utf-8")
    about = {key: value for key, value in index.items() if key not in OF_RAW}
    write_index(folder, files, schema, **about)
    return pa.concat_tables(removed).unify_dictionaries().combine_chunks()


def as_clean(table: pa.Table, here: NDArray[np.int64], rows: Ledger) -> pa.Table:
    """Turn rows of data/raw into rows of data/clean; `here` are their numbers in the ledger."""
    added = {
        rows.column: rows.noise.column(rows.labels[here], rows.target),
        f"{rows.column}_given": rows.noise.column(rows.given[here], rows.target),
        "label_quality": pa.array(rows.quality[here].astype(np.float32), from_pandas=True),
        "suspected": pa.array(rows.marked[here]),
        "weight": pa.array(rows.weights[here].astype(np.float32)),
    }
    schema = clean_schema(table.schema, rows.column)
    columns = [added[name] if name in added else table[name] for name in schema.names]
    return pa.table(columns, schema=schema)


def as_removed(table: pa.Table, here: Sequence[int], rows: Ledger) -> pa.Table:
    """Add the reasons of removal to rows of data/raw; `here` are their numbers in the ledger."""
    removals = [rows.removed[row] for row in here]
    columns = {name: table[name] for name in table.schema.names} | {
        "reason": words([removal.reason for removal in removals], list(REASONS)),
        "detail": pa.array([removal.detail for removal in removals], pa.string()),
        "of": pa.array([None if r.of is None else rows.ids[r.of] for r in removals], pa.string()),
        "similarity": pa.array([removal.similarity for removal in removals], pa.float64()),
    }
    schema = removed_schema(table.schema)
    return pa.table([columns[name] for name in schema.names], schema=schema)
