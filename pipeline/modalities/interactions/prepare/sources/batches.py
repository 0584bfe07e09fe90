"""Batches of events after the split, from which rows of data/raw are made."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.dataset.arrays import Rows
from pipeline.dataset.parts import cut_draws, part_ends
from pipeline.dataset.rankings.listed import EARLIER, POPULARITY
from pipeline.dataset.splits.times import MOMENT, as_text
from pipeline.modalities.interactions.content.events import DIFFERENT, OF_USER, VALUE
from pipeline.modalities.interactions.prepare.sources.collected import TERMS
from pipeline.modalities.interactions.prepare.sources.histories import Placed
from pipeline.modalities.interactions.prepare.sources.valid_events import Events
from pipeline.sources.source import examples_table

SPLITS = ("train", "val", "test")
EVENTS_PER_BATCH = 50_000


def batches_of(
    events: Events,
    placed: Placed,
    rows: Rows,
    type: str | None,
    terms: Mapping[str, tuple[str | None, ...]] | None = None,
) -> Iterator["EventBatch"]:
    """Cut the events `rows` into batches; `terms` has the TERMS of collected ones, by their id."""
    ids = [events.ids[row] for row in rows]
    splits = np.array(SPLITS, object)[placed.splits[rows]]
    histories: list[str | None] = [None] * len(rows)
    for place in np.flatnonzero(splits == "test").tolist():
        later = placed.later.get(int(events.users[rows[place]]), [])
        histories[place] = json.dumps([events.item_names[events.items[row]] for row in later])
    kind = type or MOMENT
    table = pa.table(
        {
            "id": ids,
            "user": pa.array(events.user_names).take(pa.array(events.users[rows])),
            "item": pa.array(events.item_names).take(pa.array(events.items[rows])),
            "time": pa.array(
                [as_text(time, kind) if type else None for time in events.times[rows].tolist()],
                pa.string(),
            ),
            "split": pa.array(splits.tolist(), pa.string()),
            "kind": pa.array([events.kinds[row] for row in rows], pa.string()),
            "history": pa.array(histories, pa.string()),
            VALUE: events.values[rows],
            EARLIER: placed.num_before[rows],
            OF_USER: placed.num_of_user[rows],
            DIFFERENT: placed.num_different[rows],
            POPULARITY: placed.num_of_item[rows],
        }
    )
    if terms is not None:
        nothing = (None,) * len(TERMS)
        of_each = zip(*(terms.get(id, nothing) for id in ids), strict=True)
        for name, values in zip(TERMS, of_each, strict=True):
            table = table.append_column(name, pa.array(values, pa.string()))
    start = 0
    for end in part_ends(cut_draws(ids), np.ones(len(ids), np.int64), EVENTS_PER_BATCH):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table.slice(start, end - start).combine_chunks())
        yield EventBatch(sink.getvalue().to_pybytes())
        start = end


@dataclass(frozen=True)
class EventBatch:
    """A batch of events, which become JSON objects."""

    data: bytes
    """An Arrow stream."""

    def __call__(self) -> pa.Table:
        table = pa.ipc.open_stream(self.data).read_all()
        contents = []
        terms = {name: table[name] for name in TERMS if name in table.column_names}
        for row in table.drop_columns(["id", "split", *terms]).to_pylist():
            history = json.loads(row.pop("history") or "[]")
            event = {name: value for name, value in row.items() if value is not None}
            contents.append(json.dumps(event | ({"history": history} if history else {})).encode())
        return examples_table(
            "event",
            table["id"],
            event=contents,
            label=table["item"],
            split=table["split"],
            group=table["user"],
            time=table["time"],
            **terms,
        )

    def stamp(self, settled_before: int) -> str | None:
        """A digest of all values of the events."""
        return hashlib.sha256(self.data).hexdigest()
