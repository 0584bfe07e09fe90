"""Interactions: each row of a table is an event, of a user, an item and a time.

All rows are read at once, since what one means depends on others: which events repeat, which is the
last of its user, what was known before. Where every event went is counted.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.parts import cut_draws, part_ends
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.rankings.listed import EARLIER, POPULARITY
from pipeline.dataset.splits.clock import Times
from pipeline.dataset.splits.times import INTEGER, MOMENT, Ordinals, as_text
from pipeline.modalities.interactions.content.events import OF_USER, VALUE
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
    codes_of_rows,
    double_clicks,
    read_values,
    repeats,
    say_kinds,
    say_values,
    too_few,
)
from pipeline.modalities.interactions.prepare.sources.times import ReadTimes, read_times
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.source import Source, examples_table
from pipeline.sources.tables.delimited import TextFormat
from pipeline.sources.tables.missing import codes_of, without_missing

SPLITS = ("train", "val", "test")
EVENTS_PER_BATCH = 50_000
DIGITS = 16
HAD_BEFORE = "the user had the item before, and val and test ask for new ones"


class Events(NamedTuple):
    """N events that count, in the order of time."""

    ids: list[str]
    users: Rows
    items: Rows
    """Places in the names below."""
    user_names: list[str]
    item_names: list[str]
    times: Ordinals
    values: Float64
    kinds: list[str | None]


def recognises(files: Files) -> bool:
    return bool(find_tables(files))


def open_source(entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
    """Read all events, leave out what does not count, and split the rest.

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
        doubts += say_values(roles.value, values)
    notes += _kinds_in(table, roles, np.isfinite(values) if roles.value else None)
    chosen = _select(table, texts, times, values, entry, roles)
    if roles.value:
        notes += _say_missing(roles.value, values, chosen, entry)
    events = _events(table, texts, times, values, chosen.kept, roles, files.where)
    _refuse_split(entry, roles)
    placed = place_events(
        events.users, events.items, events.times, id_keys(events.ids), entry.split, times.type
    )
    if entry.split.by is None:
        notes.append("split by the last item of each user, since the entry says nothing of it")
    notes += _say_ties(events, placed, entry)
    kept = placed.splits >= 0
    beside = chosen.beside | ({HAD_BEFORE: int((~kept).sum())} if not kept.all() else {})
    known = read_items(entry, files, events.item_names)
    names = sorted({*events.item_names, *known.titles})
    return Source(
        times=Times(times.type, events.times[kept]) if roles.time else None,
        labels=names,
        num_examples=int(kept.sum()),
        splits=frozenset(SPLITS),
        batches=_batches(events, placed, np.flatnonzero(kept), times.type if roles.time else None),
        notes=(*notes, *known.notes),
        doubts=(*doubts, *known.doubts),
        beside=beside,
        options=_options(names, known, placed, events, roles),
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


def _select(
    table: TextColumns,
    texts: dict[str, pa.ChunkedArray],
    times: ReadTimes,
    values: Float64,
    entry: Any,
    roles: Roles,
) -> Leavings:
    found = Leavings(np.ones(table.num_rows, bool), {})
    for role in ("user", "item"):
        blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts[role]), ""), True)
        found = found.without(np.asarray(blank), f"no {role}")
    for problem in dict.fromkeys(filter(None, times.problems.tolist())):
        found = found.without(times.problems == problem, str(problem))
    every = codes_of_rows(list(table.columns.values()))
    found = found.without(repeats(every, found.kept), "a repeat in every column")
    but_time = [column for name, column in table.columns.items() if name != roles.time]
    clicked = double_clicks(codes_of_rows(but_time), times.ordinals, found.kept, times.type)
    found = found.without(clicked, "a double click within a minute")
    least = entry.minimum
    if least.value is not None:
        found = found.without(~np.isfinite(values), "no value, which minimum: value: asks for")
        found = found.without(values < least.value, f"a value below {least.value:g}")
    if (least.per_user > 1 or least.per_item > 1) and found.kept.any():
        users, items = (codes_of_rows([texts[role]]) for role in ("user", "item"))
        few = too_few(users, items, found.kept, least.per_user, least.per_item)
        found = found.without(
            few, f"fewer than {least.per_user} events of the user or {least.per_item} of the item"
        )
    return found


def _say_missing(name: str, values: Float64, chosen: Leavings, entry: Any) -> list[str]:
    num = int((chosen.kept & ~np.isfinite(values)).sum())
    if num:
        return [f"column {name}: {num} events have no value; they count as the others"]
    num = next((n for why, n in chosen.beside.items() if why.startswith("no value")), 0)
    return [f"column {name}: {num} events without a value are left out, which is no 0"] * (num > 0)


def _events(
    table: TextColumns,
    texts: dict[str, pa.ChunkedArray],
    times: ReadTimes,
    values: Float64,
    kept: NDArray[np.bool_],
    roles: Roles,
    where: str,
) -> Events:
    if not kept.any():
        raise SourceError(
            f"{where} has no event that counts",
            fix="see minimum: and columns: in the catalog entry",
        )
    rows = np.flatnonzero(kept)
    users, items, kinds = (texts[role].take(pa.array(rows)) for role in ("user", "item", "kind"))
    ids = _ids(texts["id"], rows, users, items, kinds, times.ordinals[rows], values[rows], where)
    order = np.lexsort((id_keys(ids), times.ordinals[rows]))
    coded = [_coded(column, order) for column in (users, items)]
    return Events(
        [ids[place] for place in order],
        coded[0][0],
        coded[1][0],
        coded[0][1],
        coded[1][1],
        times.ordinals[rows][order],
        np.nan_to_num(values[rows][order], nan=1.0),
        [kinds[int(place)].as_py() for place in order] if roles.kind else [None] * len(rows),
    )


def _coded(column: pa.ChunkedArray, order: Rows) -> tuple[Rows, list[str]]:
    coded = column.combine_chunks().dictionary_encode()
    return np.asarray(coded.indices, np.int64)[order], coded.dictionary.to_pylist()


def _ids(
    own: pa.ChunkedArray,
    rows: Rows,
    users: pa.ChunkedArray,
    items: pa.ChunkedArray,
    kinds: pa.ChunkedArray,
    times: Ordinals,
    values: Float64,
    where: str,
) -> list[str]:
    """The column of ids; without one a digest of what the event says. Of equal ones the second has
    `-2` behind it, and so on."""
    if own.null_count < len(own):
        found: list[str] = own.take(pa.array(rows)).to_pylist()
        if None in found or len({*found}) < len(found):
            raise SourceError(
                f"{where}: an event has no id, or two have one",
                fix="name another column under columns: id:, or none",
            )
        return found
    seen: Counter[str] = Counter()
    ids = []
    columns = (users.to_pylist(), items.to_pylist(), kinds.to_pylist())
    for said in zip(*columns, times.tolist(), values.tolist(), strict=True):
        id = hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
        seen[id] += 1
        ids.append(id if seen[id] == 1 else f"{id}-{seen[id]}")
    return ids


def _refuse_split(entry: Any, roles: Roles) -> None:
    rule = entry.split
    if rule.by == "group":
        raise SourceError(
            "split by: group would ask about users of whom nothing is known",
            fix="say split: {by: last} or {by: time} in the catalog entry",
        )
    if rule.horizon or rule.embargo:
        raise SourceError(
            "horizon and embargo are for labels that are decided later; an event is at once",
            fix="leave them out of split: in the catalog entry",
        )
    if roles.time is None and rule.by != "random":
        raise SourceError(
            "events have no time, by which they could be split",
            fix="name the column under columns: time:, or say split: {by: random}, which flatters",
        )


def _say_ties(events: Events, placed: Placed, entry: Any) -> list[str]:
    """Which users are not asked; and how many have their last events at one time, so that a hash
    says which is the last."""
    if entry.split.by == "time" or entry.split.by == "random":
        return []
    said = []
    asked = np.flatnonzero(placed.splits > 0)
    if few := len(events.user_names) - len(np.unique(events.users[asked])):
        said.append(f"{few} users have too few events to hold some back: they are in train alone")
    first = np.full(len(events.user_names), len(events.users))
    np.minimum.at(first, events.users[asked], asked)
    last = _row_before(events.users)
    tied = 0
    for row in first[first < len(events.users)].tolist():
        before = last[row]
        tied += before >= 0 and events.times[before] == events.times[row]
    if tied:
        said.append(f"{tied} users have their last events at one time: a hash of ids orders these")
    return said


def _row_before(users: Rows) -> Rows:
    """The row of the same user before each; -1 for none."""
    order = np.argsort(users, kind="stable")
    found = np.full(len(users), -1, np.int64)
    same = users[order][1:] == users[order][:-1]
    found[order[1:][same]] = order[:-1][same]
    return found


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


def _batches(
    events: Events, placed: Placed, rows: Rows, type: str | None
) -> Iterator["EventBatch"]:
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
            POPULARITY: placed.num_of_item[rows],
        }
    )
    start = 0
    for end in part_ends(cut_draws(ids), np.ones(len(ids), np.int64), EVENTS_PER_BATCH):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table.slice(start, end - start).combine_chunks())
        yield EventBatch(sink.getvalue().to_pybytes())
        start = end


@dataclass(frozen=True)
class EventBatch:
    """Some events, which become JSON objects."""

    data: bytes
    """An Arrow stream."""

    def __call__(self) -> pa.Table:
        table = pa.ipc.open_stream(self.data).read_all()
        contents = []
        for row in table.drop_columns(["id", "split"]).to_pylist():
            history = json.loads(row.pop("history") or "[]")
            said = {name: value for name, value in row.items() if value is not None}
            contents.append(json.dumps(said | ({"history": history} if history else {})).encode())
        return examples_table(
            "event",
            table["id"],
            event=contents,
            label=table["item"],
            split=table["split"],
            group=table["user"],
            time=table["time"],
        )

    def stamp(self, settled_before: int) -> str | None:
        """A digest of all that the events say."""
        return hashlib.sha256(self.data).hexdigest()
