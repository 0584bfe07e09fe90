"""Batches that no memory holds and shards that no disk holds are refused before anything runs."""

import shutil
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from pipeline.check.sizes import check_disk, check_memory
from pipeline.entry import entry_type
from pipeline.runtime.errors import SettingsError

Usage = namedtuple("Usage", "total used free")
LARGE = 4000 * 4000


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """A machine with 24 GB of memory and 30 GB free on its disk."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=24_000_000_000))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(0, 0, 30_000_000_000))


def test_a_batch_larger_than_memory_is_refused_with_the_key_that_helps():
    error = (
        "ERROR learning from batches of 32 examples of 16.0 MB takes at least 32.8 GB of memory, "
        "and this machine has 24.0 GB | fix: set a smaller batch_size in params.yaml, or make "
        "examples smaller in the catalog entry (for images image_size)"
    )
    with pytest.raises(SettingsError) as caught:
        check_memory(LARGE, 32)
    assert str(caught.value) == error
    check_memory(LARGE, 16)
    check_memory(224 * 224, 256)


def test_large_shards_are_spoken_of_and_impossible_ones_refused():
    said = (
        "an example takes at least 160.0 MB of shards (augment.copies: 10); "
        "the 30.0 GB that are free on the disk hold 187"
    )
    assert check_disk(LARGE, 10, Path()) == said
    assert check_disk(224 * 224, 10, Path()) is None
    with pytest.raises(SettingsError) as caught:
        check_disk(LARGE, 100, Path())
    assert caught.value.what.endswith("hold 18")


def test_only_an_entry_that_says_so_has_a_size():
    entry = {"uri": "x", "license": "MIT"}
    images = entry_type("images", "classes")
    assert images(**entry).input_bytes is None
    assert images(**entry, image_size=[4000, 4000]).input_bytes == LARGE
    assert entry_type("tables", "classes")(**entry).input_bytes is None
