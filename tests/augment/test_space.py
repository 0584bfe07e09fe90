"""Shards that cannot fit on the disk are refused before one is written."""

import shutil
from collections import namedtuple

import pytest

from pipeline.augment.space import MOST_ROWS, check_space, rows_per_shard
from pipeline.runtime.errors import SettingsError

Usage = namedtuple("Usage", "total used free")


class Heard:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def test_more_than_is_free_is_refused(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(SettingsError) as error:
        check_space(Heard(), tmp_path, 10, free, 10)
    assert error.value.what.startswith(f"the shards would take about {free / 1e8:,.1f} GB (10 rows")
    assert error.value.what.endswith("GB free")
    assert "augment.copies" in error.value.fix


def test_a_small_disk_is_spoken_of_in_megabytes(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(0, 0, 30_000))
    with pytest.raises(SettingsError, match=r"about 6\.4 MB .* the disk has 0\.0 MB free"):
        check_space(Heard(), tmp_path, 100_000, 64, 10)


def test_much_is_announced_and_little_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(0, 0, 50_000_000_000))
    heard = Heard()
    check_space(heard, tmp_path, 100, 1000, 10)
    assert heard.said == []
    check_space(heard, tmp_path, 240_000, 48_000 * 3, 10)
    assert heard.said == [
        "the shards will take about 34.6 GB of the 50.0 GB that are free, and as much in the cache "
        "(augment.copies: 10)"
    ]


@pytest.mark.parametrize(
    ("shard_mb", "row_bytes", "rows"),
    [(32, 3072, 10416), (0.01, 12288, 1), (32, 180, MOST_ROWS)],  # the last is a table
)
def test_a_shard_has_few_rows_where_they_are_large_and_never_too_many(shard_mb, row_bytes, rows):
    assert rows_per_shard(shard_mb, row_bytes) == rows
