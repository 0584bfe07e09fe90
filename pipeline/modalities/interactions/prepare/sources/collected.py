"""Events that came back from serving: what users took after they were asked about.

They join those of the table before anything is counted or split, since what one event means depends
on the others. Their times are read apart: they may well lie far after all of the table.
"""

import json
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.dataset.arrays import Float64
from pipeline.dataset.splits.times import MOMENT, moment_of
from pipeline.modalities.interactions.prepare.sources.reading import TextColumns
from pipeline.modalities.interactions.prepare.sources.roles import Roles
from pipeline.modalities.interactions.prepare.sources.times import ReadTimes

TERMS = ("license", "purposes", "source")
"""Columns that each of them has by itself; see `example_schema`."""
IN_STEPS = "a moment, where the times of the source are steps"


class EventTexts(NamedTuple):
    """N events as they were read."""

    table: TextColumns
    texts: dict[str, pa.ChunkedArray]
    """Columns by role."""
    times: ReadTimes
    values: Float64


def joined(read: EventTexts, collected: pa.Table, roles: Roles, entry: Any) -> EventTexts:
    """Append collected events, as `groundwork collect --take` writes them.

    Each counts: where the entry asks for a least value, it has that one.
    """
    events = [json.loads(event) for event in collected["event"].to_pylist()]
    new = {name: [event[name] for event in events] for name in ("user", "item", "time")}
    new["id"] = collected["id"].to_pylist()
    role_of = {column: role for role, column in roles._asdict().items() if column}
    columns = {
        name: _longer(column, new.get(role_of.get(name, "")), len(events))
        for name, column in read.table.columns.items()
    }
    texts = {
        role: _longer(column, new.get(role), len(events)) for role, column in read.texts.items()
    }
    ordinals = np.array([moment_of(time) or 0 for time in new["time"]], np.int64)
    fits = read.times.type == MOMENT or roles.time is None
    times = read.times._replace(
        ordinals=np.concatenate([read.times.ordinals, ordinals if roles.time else 0 * ordinals]),
        problems=np.append(
            read.times.problems, np.full(len(events), None if fits else IN_STEPS, object)
        ),
    )
    least = entry.minimum.value
    values = np.full(len(events), 1.0 if least is None or not roles.value else least)
    table = read.table._replace(columns=columns, num_rows=read.table.num_rows + len(events))
    return EventTexts(table, texts, times, np.append(read.values, values))


def terms_of(collected: pa.Table) -> dict[str, tuple[str | None, ...]]:
    """TERMS of each collected event, by its id."""
    rows = zip(*(collected[name].to_pylist() for name in TERMS), strict=True)
    return dict(zip(collected["id"].to_pylist(), rows, strict=True))


def _longer(column: pa.ChunkedArray, values: list[str] | None, num: int) -> pa.ChunkedArray:
    more = pa.nulls(num, column.type) if values is None else pa.array(values, column.type)
    return pa.chunked_array([*column.chunks, more], column.type)
