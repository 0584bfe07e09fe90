"""The events of a table that count, in the order of time: without repeats, double clicks and events
that `minimum` leaves out."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.arrays import Float64, Rows
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.splits.times import Ordinals
from pipeline.modalities.interactions.prepare.sources.reading import TextColumns
from pipeline.modalities.interactions.prepare.sources.roles import Roles
from pipeline.modalities.interactions.prepare.sources.selecting import (
    Leavings,
    codes_of_rows,
    double_clicks,
    repeats,
    too_few,
)
from pipeline.modalities.interactions.prepare.sources.times import NOT_READ, ReadTimes
from pipeline.runtime.errors import SourceError

DIGITS = 16
REPEAT, DOUBLE_CLICK = "a repeat in every column", "a double click within a minute"


class Events(NamedTuple):
    """N events that count, in the order of time."""

    ids: list[str]
    users: Rows
    items: Rows
    """Like `users`, places in the names below."""
    user_names: list[str]
    item_names: list[str]
    times: Ordinals
    values: Float64
    kinds: list[str | None]


def select_events(
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
    found = found.without(repeats(every, found.kept), REPEAT)
    but_time = [column for name, column in table.columns.items() if name != roles.time]
    clicked = double_clicks(codes_of_rows(but_time), times.ordinals, found.kept, times.type)
    found = found.without(clicked, DOUBLE_CLICK)
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


def events_of(
    table: TextColumns,
    texts: dict[str, pa.ChunkedArray],
    times: ReadTimes,
    values: Float64,
    chosen: Leavings,
    roles: Roles,
    where: str,
) -> Events:
    kept = chosen.kept
    if not kept.any():
        beside = chosen.beside
        reasons = ", ".join(f"{why} ({num})" for why, num in beside.items() if num)
        raise SourceError(
            f"{where} has no event that counts" + (f": {reasons}" if reasons else ""),
            fix="write times as 2024-01-31T09:00:00Z or as seconds since 1970, or name another "
            "column in the catalog entry, under columns: time:"
            if NOT_READ in beside
            else "see minimum: and columns: in the catalog entry",
        )
    rows = np.flatnonzero(kept)
    users, items, kinds = (texts[role].take(pa.array(rows)) for role in ("user", "item", "kind"))
    own = texts["id"].take(pa.array(rows)).to_pylist()
    if roles.id and any(own) and (None in own or len({*own}) < len(own)):
        raise SourceError(
            f"{where}: an event has no id, or two have one",
            fix="name another column under columns: id:, or none",
        )
    ids = _ids(own, users, items, kinds, times.ordinals[rows], values[rows])
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
    own: Sequence[str | None],
    users: pa.ChunkedArray,
    items: pa.ChunkedArray,
    kinds: pa.ChunkedArray,
    times: Ordinals,
    values: Float64,
) -> list[str]:
    """Their own ids; of those without one, digests of the values. Of equal digests the second ends
    in `-2`, and so on."""
    if None not in own:
        return list(filter(None, own))
    seen: Counter[str] = Counter()
    ids = []
    columns = (users.to_pylist(), items.to_pylist(), kinds.to_pylist())
    for given, *values_of in zip(own, *columns, times.tolist(), values.tolist(), strict=True):
        if given is not None:
            ids.append(given)
            continue
        id = hashlib.sha256(repr(tuple(values_of)).encode("utf-8", "surrogatepass")).hexdigest()[
            :DIGITS
        ]
        seen[id] += 1
        ids.append(id if seen[id] == 1 else f"{id}-{seen[id]}")
    return ids
