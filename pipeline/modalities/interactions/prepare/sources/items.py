"""The table of items: titles, categories, dates, and what the events and it lack of each other."""

from collections.abc import Collection
from typing import Any, NamedTuple

from pipeline.dataset.addresses import is_remote, local_path, without_secrets
from pipeline.modalities.interactions.prepare.sources.lives import read_lives
from pipeline.modalities.interactions.prepare.sources.reading import choose_table, read_named
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.fetch import fetch_source
from pipeline.sources.places.files import Files, open_files
from pipeline.sources.tables.delimited import TextFormat

BETWEEN = ("|", ";", ",", " ")
"""Separators of categories; the first that is there counts."""
MAX_TITLE = 300
NO_CATEGORIES = frozenset({"(no genres listed)", "none", "unknown"})


class ItemTable(NamedTuple):
    """What is known of items, by their ids."""

    titles: dict[str, str]
    categories: dict[str, list[str]]
    lives: dict[str, list[int | None]]
    """First and last ordinal of the time of each item for which the table has one."""
    notes: list[str]
    doubts: list[str]


NOTHING = ItemTable({}, {}, {}, [], [])


def read_items(entry: Any, files: Files, of_events: Collection[str], time_type: str) -> ItemTable:
    """Read what the entry names under `items`.

    Args:
        time_type: of the times of events, `MOMENT` or `INTEGER`.

    Raises:
        SourceError: it is not there, or has none of the items of the events.
    """
    said = entry.items
    if said is None:
        return NOTHING
    if said.uri is not None:
        files = _open(said.uri, files.suffixes)
    name = choose_table(files, said.file, "items: file:")
    header = entry.header if said.header is None else said.header
    format = TextFormat(encoding=said.encoding, header=header)
    dated = [column for column in (said.since, said.until) if column]
    table = read_named(files, name, format, [said.id, *said.text, *dated])
    for column in (said.id, *said.text, *dated):
        if column not in table.columns:
            raise SourceError(
                f"the table of items has no column {column}; it has {', '.join(table.columns)}",
                fix="correct items: in the catalog entry",
            )
    ids = table.columns[said.id].to_pylist()
    texts = [table.columns[column].to_pylist() for column in said.text]
    titles: dict[str, str] = {}
    categories: dict[str, list[str]] = {}
    num_twice = 0
    for id, *rest in zip(ids, *texts, strict=True):
        if id is None:
            continue
        num_twice += id in titles
        first = next(iter(rest), None)
        titles.setdefault(id, (first or id)[:MAX_TITLE])
        categories.setdefault(id, [word for text in rest[1:] for word in split_words(text)])
    lives, doubts_of_dates = read_lives(table.columns, ids, said.since, said.until, time_type)
    notes = [f"items: {note}" for note in table.notes]
    doubts = [f"items: {num_twice} ids are there more than once; the first counts"] * (
        num_twice > 0
    )
    doubts += [f"items: {doubt}" for doubt in doubts_of_dates]
    return ItemTable(titles, categories, lives, notes, [*doubts, *_compared(titles, of_events)])


def _compared(titles: dict[str, str], of_events: Collection[str]) -> list[str]:
    events = {*of_events}
    if events and not events & titles.keys():
        raise SourceError(
            f"none of the {len(events)} items of the events is in the table of items; one is "
            f"{min(events)!r} there, and {min(titles, default='')!r} here",
            fix="name the column of ids under items: id: in the catalog entry",
        )
    said = []
    if unknown := sorted(events - titles.keys()):
        said.append(f"{len(unknown)} items are in no table of items, first {unknown[0]!r}")
    if unused := len(titles.keys() - events):
        said.append(f"{unused} items of the table have no event")
    return said


def _open(uri: str, suffixes: frozenset[str]) -> Files:
    path = fetch_source(uri, None, None) if is_remote(uri) else local_path(uri)
    return open_files(path, without_secrets(uri), suffixes)


def split_words(text: str | None) -> list[str]:
    """Categories in a text, such as `Action|Comedy`."""
    if not text or text.strip().lower() in NO_CATEGORIES:
        return []
    sign = next((sign for sign in BETWEEN if sign in text), None)
    parts = text.split(sign) if sign else [text]
    return [part.strip() for part in parts if part.strip()]
