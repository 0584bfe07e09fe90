"""Events that came back from serving are read with those of the table: they are counted, split and
left out by the same rules."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.entry import entry_type
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.opening import open_prepare
from pipeline.sources.source import Source, examples_table
from pipeline.targets.opening import open_labels
from tests.support.interactions import write_rows

TABLE = [
    ["no", "user", "item", "time"],
    *(
        [f"e{user}{item}", f"u{user}", f"i{item}", 10**9 + item]
        for user in "12"
        for item in range(4)
    ),
]


def collected(*events: tuple[str, str, str]) -> pa.Table:
    """Of users, items and times."""
    said = [json.dumps({"user": u, "item": i, "time": t}).encode() for u, i, t in events]
    ids = [f"served/{place:024d}" for place in range(len(events))]
    licenses = ["CC-BY-4.0"] * len(events)
    return examples_table(
        "event", ids, event=said, label=[i for _, i, _ in events], license=licenses
    )


def opened(path: Path, table: pa.Table | None, **columns: str) -> Source:
    named = {"user": "user", "item": "item", **columns}
    entry = entry_type("interactions", "ranking").model_validate(
        {"uri": str(path), "license": "CC0-1.0", "columns": named}
        | ({} if "time" in named else {"split": {"by": "random"}})
    )
    prepare, labels = open_prepare("interactions"), open_labels("ranking")
    return open_source(entry, prepare, labels, collected=table)


def rows_of(source: Source) -> dict[str, dict]:
    return {row["id"]: row for batch in source.batches for row in batch().to_pylist()}


def test_the_last_item_of_a_user_is_the_one_that_came_back(tmp_path):
    path = write_rows(tmp_path / "events.csv", TABLE)
    more = collected(("u1", "i9", "2026-11-30 19:00:00"), ("new", "i1", "2026-11-30 19:00:00"))
    source = opened(path, more, time="time", id="no")
    rows = rows_of(source)
    assert rows["served/000000000000000000000000"]["split"] == "test"
    assert rows["e13"]["split"] == "val"
    assert rows["e23"]["split"] == "test", "of others nothing changes"
    assert rows["served/000000000000000000000001"]["group"] == "new"
    assert {row["license"] for id, row in rows.items() if id.startswith("e")} == {None}
    assert not source.doubts, "their times lie far after all others, and are right"
    assert "2 events are what users took after they were served" in source.notes
    digests = rows_of(opened(path, more, time="time"))
    assert {id for id in digests if id.startswith("served/")} == {*more["id"].to_pylist()}


def test_a_double_click_counts_once(tmp_path):
    path = write_rows(tmp_path / "events.csv", TABLE)
    more = collected(*(("u1", "i9", f"2026-11-30 19:00:{second}") for second in ("00", "30")))
    source = opened(path, more, time="time")
    assert source.beside == {"a double click within a minute": 1}


def test_a_moment_among_steps_is_left_out_and_counted(tmp_path):
    steps = [TABLE[0], *([*row[:3], place] for place, row in enumerate(TABLE[1:], 1))]
    path = write_rows(tmp_path / "events.csv", steps)
    source = opened(path, collected(("u1", "i9", "2026-11-30")), time="time")
    assert source.beside == {"a moment, where the times of the source are steps": 1}


@pytest.mark.parametrize("table", [None, collected(("u1", "i9", "2026-11-30"))])
def test_events_without_times(tmp_path, table):
    path = write_rows(tmp_path / "events.csv", [row[:3] for row in TABLE])
    assert opened(path, table).num_examples == len(TABLE) - 1 + (table is not None)
