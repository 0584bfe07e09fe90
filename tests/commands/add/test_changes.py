"""What changed since the last ingest, by id and content."""

import pyarrow as pa
import pytest

from pipeline.commands.add.changes import Changes
from pipeline.dataset.table import write_index, write_part

RAW = [("a", "1", "cat"), ("b", "2", "cat"), ("c", "3", "dog"), ("d", "4", "dog")]
POOL = [("e", "5", None)]


def table(rows: list[tuple]) -> pa.Table:
    columns = zip(*rows, strict=True)
    names = ("id", "source_sha256", "label")
    return pa.table({n: pa.array(c, pa.string()) for n, c in zip(names, columns, strict=True)})


@pytest.fixture
def raw(tmp_path):
    files = [write_part(tmp_path, 0, table(RAW))]
    pool = [write_part(tmp_path, 0, table(POOL), "pool")]
    write_index(tmp_path, files, dataset="pets", pool=pool)
    return tmp_path


def changes(raw, rows: list[tuple], name: str = "pets") -> list[str]:
    found = Changes(name, raw, "label")
    for row in rows:
        found.add(table([row]))
    return list(found.describe())


def test_what_came_went_moved_and_changed(raw):
    now = [
        ("a", "1", "dog"),  # relabelled
        ("b", "9", "cat"),  # edited
        ("x", "3", "dog"),  # moved
        ("y", "7", "cat"),
        ("z", "8", None),
        ("e", "5", "cat"),  # labelled
    ]
    assert changes(raw, now) == [
        "since the last ingest: 2 new, 1 gone, 1 under another id, 1 with other content, 2 with "
        "another label"
    ]
    assert changes(raw, RAW + POOL) == ["since the last ingest: nothing changed"]


def test_nothing_is_said_of_another_dataset_or_of_none(raw, tmp_path):
    assert changes(raw, RAW, "others") == []
    assert changes(tmp_path / "nowhere", RAW) == []
