"""Interactions: each row of a table is an event, of a user, an item and a time.

All rows are read at once, since what one means depends on others: which events repeat, which is the
last of its user, what was known before. Where every event went is counted.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dataset.arrays import Float64
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.splits.clock import Times
from pipeline.dataset.splits.times import INTEGER
from pipeline.modalities.interactions.prepare.sources.batches import SPLITS, batches_of
from pipeline.modalities.interactions.prepare.sources.collected import (
    EventTexts,
    joined,
    terms_of,
)
from pipeline.modalities.interactions.prepare.sources.histories import Placed, place_events
from pipeline.modalities.interactions.prepare.sources.items import ItemTable, read_items
from pipeline.modalities.interactions.prepare.sources.reading import (
    TextColumns,
    choose_table,
    find_tables,
    read_named,
)
from pipeline.modalities.interactions.prepare.sources.roles import Roles, named_columns, roles_of
from pipeline.modalities.interactions.prepare.sources.selecting import (
    Leavings,
    read_values,
    say_kinds,
    say_values,
)
from pipeline.modalities.interactions.prepare.sources.splitting import refuse_split, say_ties
from pipeline.modalities.interactions.prepare.sources.times import ReadTimes, read_times
from pipeline.modalities.interactions.prepare.sources.valid_events import (
    DOUBLE_CLICK,
    REPEAT,
    Events,
    events_of,
    select_events,
)
from pipeline.sources.places.files import Files
from pipeline.sources.source import Source
from pipeline.sources.tables.delimited import TextFormat
from pipeline.sources.tables.missing import codes_of, without_missing

HAD_BEFORE = "the user had the item before, and val and test ask for new ones"


def recognises(files: Files) -> bool:
    return bool(find_tables(files))


def open_source(entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
    return open_joined(entry, files, labels, None)


def open_joined(entry: Any, files: Files, labels: Any, collected: pa.Table | None) -> Source:
    """Read all events, leave out what does not count, and split the rest.

    Args:
        collected: events that came back from serving; see collected.py.

    Raises:
        SourceError: the table is damaged, lacks a column, or nothing is left of it.
    """
    name = choose_table(files, entry.file, "file:")
    format = TextFormat(**entry.dialect.model_dump(), header=entry.header)
    table = read_named(files, name, format, named_columns(entry, labels.COLUMN))
    roles = roles_of(entry, list(table.columns), labels.COLUMN, files.where)
    texts = {role: _texts_of(table, column, entry) for role, column in roles._asdict().items()}
    times = _times_of(texts["time"], roles, table.num_rows)
    values = read_values(texts["value"]) if roles.value else np.ones(table.num_rows)
    notes, doubts = [*table.notes, *times.notes], [*times.doubts]
    if roles.value:
        doubts += say_values(roles.value, values, texts["value"])
    notes += _kinds_in(table, roles, np.isfinite(values) if roles.value else None)
    if collected is not None:
        read = EventTexts(table, texts, times, values)
        table, texts, times, values = joined(read, collected, roles, entry)
        notes.append(f"{collected.num_rows} events are what users took after they were served")
    chosen = select_events(table, texts, times, values, entry, roles)
    if roles.value:
        notes += _say_missing(roles.value, values, chosen, entry)
    events = events_of(table, texts, times, values, chosen, roles, files.where)
    refuse_split(entry, roles)
    placed = place_events(
        events.users, events.items, events.times, id_keys(events.ids), entry.split, times.type
    )
    if entry.split.by is None:
        notes.append("split by the last item of each user, since the entry says nothing of it")
    notes += say_ties(events, placed, entry)
    kept = placed.splits >= 0
    beside = chosen.beside | ({HAD_BEFORE: int((~kept).sum())} if not kept.all() else {})
    known = read_items(entry, files, events.item_names, times.type)
    names = sorted({*events.item_names, *known.titles})
    return Source(
        times=Times(times.type, events.times[kept]) if roles.time else None,
        labels=names,
        num_examples=int(kept.sum()),
        splits=frozenset(SPLITS),
        batches=batches_of(
            events,
            placed,
            np.flatnonzero(kept),
            times.type if roles.time else None,
            None if collected is None else terms_of(collected),
        ),
        notes=(*notes, *known.notes),
        doubts=(*doubts, *known.doubts),
        beside=beside,
        options=_options(names, known, placed, events, roles)
        | _measured(entry, chosen, known, events),
        entry_lines=(roles.as_yaml(), *_split_line(entry)),
        parts_groups=True,
        label_titles={id: known.titles[id] for id in names if id in known.titles},
    )


def _texts_of(table: TextColumns, column: str | None, entry: Any) -> pa.ChunkedArray:
    if column is None:
        return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
    return without_missing(table.columns[column], codes_of(entry.missing, column))[0]


def _times_of(texts: pa.ChunkedArray, roles: Roles, num: int) -> ReadTimes:
    if roles.time is None:
        return ReadTimes(np.zeros(num, np.int64), np.full(num, None, object), INTEGER, [], [])
    return read_times(texts, roles.time)


def _kinds_in(table: TextColumns, roles: Roles, with_value: Any) -> list[str]:
    """What is said of columns that tell kinds of events, whether the entry names them or not."""
    taken = {roles.user, roles.item, roles.time, roles.value, roles.id}
    others = [name for name in table.columns if name not in taken]
    said = [say_kinds(name, table.columns[name], with_value) for name in others]
    return [sentence for sentence in said if sentence]


def _say_missing(name: str, values: Float64, chosen: Leavings, entry: Any) -> list[str]:
    num = int((chosen.kept & ~np.isfinite(values)).sum())
    if num:
        return [f"column {name}: {num} events have no value; they count as the others"]
    num = next((n for why, n in chosen.beside.items() if why.startswith("no value")), 0)
    return [f"column {name}: {num} events without a value are left out, which is no 0"] * (num > 0)


def _measured(entry: Any, chosen: Leavings, known: ItemTable, events: Events) -> dict[str, Any]:
    """What validate cannot see in the events that are left; see checks/event_tables.py."""
    twice = sum(chosen.beside.get(reason, 0) for reason in (REPEAT, DOUBLE_CLICK))
    counts = np.bincount(events.items, minlength=len(events.item_names)).tolist()
    unlisted = sum(
        number
        for name, number in zip(events.item_names, counts, strict=True)
        if name not in known.titles
    )
    return {
        "split_by": entry.split.by or "last",
        "repeats": twice / (twice + int(chosen.kept.sum())),
        **({"unlisted": unlisted / len(events.users)} if known.titles else {}),
        **({"lives": known.lives} if known.lives else {}),
    }


def _split_line(entry: Any) -> list[str]:
    return ["split: {by: last}"] if entry.split.by is None else []


def _options(
    names: list[str], known: ItemTable, placed: Placed, events: Events, roles: Roles
) -> dict[str, Any]:
    """Items in the order of their codes, and how long histories are that train does not have."""
    longest = max((len(rows) for rows in placed.later.values()), default=0)
    categories = {id: known.categories[id] for id in names if known.categories.get(id)}
    return {
        "items": names,
        "num_items": len(names),
        "later": longest,
        "user_column": roles.user,
        **({"categories": categories} if categories else {}),
    }
