"""Columns for splits by time and by the last examples of each user."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.catalog import Entry
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.splits.clock import times_of
from pipeline.dataset.splits.times import ordinals_of, read_times
from pipeline.dataset.table import SLICE


def with_splitting(rows: pa.Table, entry: Entry) -> pa.Table:
    """Add the column `from_last` if the entry splits by the last examples of each user."""
    if entry.split.by != "last" or not entry.columns.time:
        return rows
    kind = times_of(rows["time"]).type
    places = places_from_last(rows["user"], read_times(rows["time"], kind), rows["id"])
    return rows.append_column("from_last", places)


def places_from_last(users: pa.ChunkedArray, times: pa.Array, ids: pa.ChunkedArray) -> pa.Array:
    """How many examples of the same user come after each, `(N,)`; null without a user or a time.

    Examples at one time are ordered by a hash of their ids, which depends neither on other
    examples nor on the order of the source.
    """
    ordinals, timed = ordinals_of(times)
    known = timed & np.asarray(pc.is_valid(users))
    user = np.asarray(pc.fill_null(users.combine_chunks().dictionary_encode().indices, -1))
    order = np.lexsort((id_keys(ids.to_pylist()), ordinals, user))
    order = order[known[order]]
    ordered = user[order]
    ends = np.searchsorted(ordered, ordered, side="right")
    places = np.zeros(len(users), np.int64)
    places[order] = ends - 1 - np.arange(len(order))
    return pa.array(places, mask=~known)


def not_empty(rows: pa.Table, name: str) -> bool:
    """Whether a column is there and has a value."""
    return name in rows.column_names and rows[name].null_count < rows.num_rows


def as_maps(rows: pa.Table, slices: Sequence[str]) -> pa.Array:
    """The values of slices of each row, by column, in the type of `example_schema`."""
    columns = [rows[SLICE + name].to_pylist() for name in slices]
    values = [
        [(name, value) for name, value in zip(slices, row, strict=True) if value is not None]
        for row in zip(*columns, strict=True)
    ]
    return pa.array(values, pa.map_(pa.string(), pa.string()))
