"""Interactions made by a seeded generator: users with known tastes, items of known kinds."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.entry import entry_type
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import open_prepare
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels

START = 1_700_000_000
DAY = 86_400
KINDS = ("comedy", "drama", "horror", "western", "musical")


class World(NamedTuple):
    """Events in the order of time, and what is true of them."""

    users: list[str]
    items: list[str]
    times: list[int]
    """Seconds since 1970."""
    values: list[int]
    kind_of: dict[str, str]
    """Of each item."""
    taste_of: dict[str, str]
    """The kind that a user takes most of."""

    def rows(self) -> list[list[str]]:
        columns = (self.users, self.items, map(str, self.values), map(str, self.times))
        return [["user", "item", "rating", "time"], *map(list, zip(*columns, strict=True))]


def make_world(
    num_users: int = 120, num_items: int = 60, per_user: int = 18, seed: int = 0, loyal: float = 0.8
) -> World:
    """Each user likes a kind, and takes an item of it with probability `loyal`, else any; within a
    kind popular ones more often. Nobody takes an item twice."""
    random = np.random.default_rng(seed)
    kinds = np.arange(num_items) % len(KINDS)
    popular = 1 / (1 + np.arange(num_items) // len(KINDS)) ** 0.7
    tastes = np.arange(num_users) % len(KINDS)
    events = []
    for user in range(num_users):
        weights = popular * np.where(kinds == tastes[user], loyal, (1 - loyal) / (len(KINDS) - 1))
        number = min(num_items, int(random.poisson(per_user - 6) + 6))
        chosen = random.choice(num_items, number, replace=False, p=weights / weights.sum())
        start = random.integers(0, 200) * DAY
        for place, item in enumerate(chosen.tolist()):
            when = START + int(start) + place * DAY + int(random.integers(0, DAY // 2))
            liked = kinds[item] == tastes[user]
            events.append((when, user, item, int(random.integers(3, 6) if liked else 3)))
    events.sort()
    return World(
        [f"u{user:03d}" for _, user, _, _ in events],
        [f"i{item:03d}" for _, _, item, _ in events],
        [when for when, *_ in events],
        [value for *_, value in events],
        {f"i{item:03d}": KINDS[kinds[item]] for item in range(num_items)},
        {f"u{user:03d}": KINDS[tastes[user]] for user in range(num_users)},
    )


def csv_text(rows: list[list[str]], delimiter: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def write_world(folder: Path, world: World) -> None:
    """`events.csv` and `items.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.csv").write_text(csv_text(world.rows()))
    rows = [["item", "title", "kind"]]
    rows += [[item, f"Title {item}", kind] for item, kind in sorted(world.kind_of.items())]
    (folder / "items.csv").write_text(csv_text(rows))


ENTRY = """\
uri: {folder}/events.csv
license: CC0-1.0
modality: interactions
target: ranking
columns: {{user: user, item: item, time: time, value: rating}}
items: {{uri: {folder}/items.csv, id: item, text: [title, kind]}}
split: {{by: last}}
"""


def entry_text(folder: Path) -> str:
    return ENTRY.format(folder=folder)


class EventsRead(NamedTuple):
    """A table of events as a source gives it."""

    source: Source
    events: list[dict[str, Any]]
    """What each event says, with its id and split, in the order of time."""

    @property
    def said(self) -> str:
        return "\n".join((*self.source.notes, *self.source.doubts))

    @property
    def splits(self) -> list[int]:
        counts = Counter(event["split"] for event in self.events)
        return [counts[name] for name in ("train", "val", "test")]

    def of(self, user: str) -> list[str]:
        """Items of a user, in the order of time."""
        return [event["item"] for event in self.events if event["user"] == user]


def read_events(uri: Path, **said: Any) -> EventsRead:
    model = entry_type("interactions", "ranking")
    entry = model.model_validate({"uri": str(uri), "license": "CC0-1.0", **said})
    source = open_source(entry, open_prepare("interactions"), open_labels("ranking"))
    table = pa.concat_tables([batch() for batch in source.batches])
    events = [
        json.loads(row["event"]) | {"id": row["id"], "split": row["split"]}
        for row in table.select(["id", "event", "split"]).to_pylist()
    ]
    return EventsRead(source, events)


def write_rows(path: Path, rows: list[list[Any]]) -> Path:
    path.write_text(csv_text(rows))
    return path
