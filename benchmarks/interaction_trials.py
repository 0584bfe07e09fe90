"""Events that are broken in a known way, and whether any stage says so; recommendation.py asks."""

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.entry import entry_type
from pipeline.ingest.rows import job_maker, make_rows
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.interactions.prepare.sources.events import HAD_BEFORE
from pipeline.modalities.opening import open_checks, open_prepare
from pipeline.runtime.errors import GroundworkError
from pipeline.runtime.settings import Kind, Settings
from pipeline.targets.opening import open_labels, open_rules
from pipeline.validate.assessment import assess
from pipeline.validate.columns import expected_columns, time_type
from tests.support.interactions import World, csv_text, make_world

Rows = list[list[str]]
"""Of a file of events: user, item, rating, time."""
USER, ITEM, RATING, TIME = range(4)
YEAR = 365 * 86400
ITEMS = {f"i{number:03d}": "2023-11-01" for number in range(60)}
"""Since when there is each; the world begins in the middle of that month."""


class Limits(Settings):
    max_file_mb: float = 64


def some(rows: Rows, random: np.random.Generator, share: float) -> list[int]:
    return np.flatnonzero(random.random(len(rows)) < share).tolist()


def doubled_rows(rows: Rows, random: np.random.Generator) -> Rows:
    return rows + [[*rows[row]] for row in some(rows, random, 0.1)]


def double_clicks(rows: Rows, random: np.random.Generator) -> Rows:
    more = [[*rows[row]] for row in some(rows, random, 0.1)]
    for row in more:
        row[TIME] = str(int(row[TIME]) + 2)
    return rows + more


def a_bot(rows: Rows, random: np.random.Generator) -> Rows:
    items = sorted({row[ITEM] for row in rows})
    start = int(rows[0][TIME])
    more = [["bot", items[k % len(items)], "3", str(start + 600 * k)] for k in range(3000)]
    return rows + more


def several_bots(rows: Rows, random: np.random.Generator) -> Rows:
    for number in range(3):
        rows = [
            *rows,
            *([f"bot{number}", *row[1:]] for row in a_bot(rows[:1] + rows[-200:], random)[201:]),
        ]
    return rows


def milliseconds(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.3), TIME, lambda text: text + "000")


def microseconds(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.2), TIME, lambda text: text + "000000")


def far_future(rows: Rows, random: np.random.Generator) -> Rows:
    later = str(7258118400)
    return changed(rows, some(rows, random, 0.02), TIME, lambda text: later)


def far_past(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.02), TIME, lambda text: "315532800")


def no_times(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.05), TIME, lambda text: "")


def zero_times(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.05), TIME, lambda text: "0")


def texts_among_times(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.1), TIME, lambda text: "2023-12-24T10:00:00Z")


def one_time_for_all(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, range(len(rows)), TIME, lambda text: rows[0][TIME])


def no_users(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.05), USER, lambda text: "")


def no_items(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.05), ITEM, lambda text: " ")


def unknown_items(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.05), ITEM, lambda text: "x" + text)


def items_of_another_catalogue(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, range(len(rows)), ITEM, lambda text: text.replace("i", "sku-"))


def swapped_columns(rows: Rows, random: np.random.Generator) -> Rows:
    return [[row[ITEM], row[USER], *row[2:]] for row in rows]


def shuffled_items(rows: Rows, random: np.random.Generator) -> Rows:
    items = sorted({row[ITEM] for row in rows})
    drawn = iter(random.choice(items, len(rows)).tolist())
    return changed(rows, range(len(rows)), ITEM, lambda text: next(drawn))


def zero_ratings(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.1), RATING, lambda text: "0")


def ratings_lost(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.3), RATING, lambda text: "")


def another_scale(rows: Rows, random: np.random.Generator) -> Rows:
    return changed(rows, some(rows, random, 0.5), RATING, lambda text: str(20 * int(text)))


def one_item_floods(rows: Rows, random: np.random.Generator) -> Rows:
    users = sorted({row[USER] for row in rows})
    start = int(rows[len(rows) // 2][TIME])
    more = [
        [users[k % len(users)], "i000", "5", str(start + 7 * YEAR // 365 * k)] for k in range(4000)
    ]
    return rows + more


def half_is_lost(rows: Rows, random: np.random.Generator) -> Rows:
    return rows[: len(rows) // 2]


def before_their_items(rows: Rows, random: np.random.Generator) -> Rows:
    """By a clock that is some weeks slow, so that no gap shows it."""
    early = str(int(rows[0][TIME]) - 20 * 86400)
    return changed(rows, some(rows, random, 0.02), TIME, lambda text: early)


def users_of_one_item(rows: Rows, random: np.random.Generator) -> Rows:
    start = int(rows[0][TIME])
    again = [
        [f"r{user}", f"i{user:03d}", "4", str(start + 86400 * day)]
        for user in range(6)
        for day in range(20)
    ]
    return rows + again


def changed(rows: Rows, which: Sequence[int], column: int, function: Callable[[str], str]) -> Rows:
    found = [[*row] for row in rows]
    for row in which:
        found[row][column] = function(found[row][column])
    return found


TRIALS: dict[str, Callable[[Rows, np.random.Generator], Rows]] = {
    function.__name__.replace("_", " "): function
    for function in (
        doubled_rows,
        double_clicks,
        a_bot,
        several_bots,
        milliseconds,
        microseconds,
        far_future,
        far_past,
        no_times,
        zero_times,
        texts_among_times,
        one_time_for_all,
        no_users,
        no_items,
        unknown_items,
        items_of_another_catalogue,
        swapped_columns,
        shuffled_items,
        zero_ratings,
        ratings_lost,
        another_scale,
        one_item_floods,
        half_is_lost,
        before_their_items,
        users_of_one_item,
    )
}


def noticed(trial: str | None, seed: int) -> list[str]:
    """What ingest says that is a doubt, what it leaves out, and which expectations fail.

    Of a good version of the data there is an accepted profile, as a team has one.
    """
    before = profile_of(seed)
    random = np.random.default_rng(seed)
    rows = rows_of(make_world(seed=seed) if trial else make_world(seed=seed + 1000))
    if trial is not None:
        rows = TRIALS[trial](rows, random)
    try:
        words, _ = look(rows, before)
    except GroundworkError as error:
        return [error.what]
    return words


def rows_of(world: World) -> Rows:
    return world.rows()[1:]


@cache
def profile_of(seed: int) -> dict[str, Any]:
    return look(rows_of(make_world(seed=seed)), None)[1]


def look(rows: Rows, before: dict[str, Any] | None) -> tuple[list[str], dict[str, Any]]:
    """Ingest and validate some events; what is said, and their profile."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "events.csv").write_text(csv_text([["user", "item", "rating", "time"], *rows]))
        titles = [[item, f"Title {item}", since] for item, since in ITEMS.items()]
        (folder / "items.csv").write_text(csv_text([["item", "title", "since"], *titles]))
        entry = entry_type("interactions", "ranking").model_validate(
            {
                "uri": str(folder / "events.csv"),
                "license": "CC0-1.0",
                "columns": {"user": "user", "item": "item", "time": "time", "value": "rating"},
                "items": {
                    "uri": str(folder / "items.csv"),
                    "id": "item",
                    "text": ["title"],
                    "since": "since",
                },
                "split": {"by": "last"},
            }
        )
        source = open_source(entry, open_prepare("interactions"), open_labels("ranking"))
        kind = Kind(modality="interactions", target="ranking")
        make = job_maker("trial", entry, source, kind, seed=0, limits=Limits(), purpose="training")
        parts = [make_rows(make(batch)) for batch in source.batches]
    table = pa.concat_tables([part.table for part in parts])
    index = {
        "content": {"options": dict(source.options)},
        "target": dict(source.target),
        "parts_groups": True,
    }
    checks, labels = open_checks("interactions"), open_rules("ranking")
    with contextlib.redirect_stderr(io.StringIO()):
        found = assess(
            table.select(expected_columns(checks, labels, time_type(table.schema)).names),
            index,
            [],
            checks,
            labels,
            settings=SimpleNamespace(max_drift=0.1),
            before=before,
        )
    beside = [why for why in source.beside if why != HAD_BEFORE]  # as clicks have them
    words = [*source.doubts, *(f"left out: {why}" for why in beside)]
    words += [f"{o.name}: {o.observed}" for o in found.outcomes if o.judged and not o.success]
    return words, json.loads(json.dumps(found.profile))
