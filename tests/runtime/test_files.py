"""A file is there whole, or as it was before."""

import os
from pathlib import Path

import pytest

from pipeline.runtime.files import written_whole


@pytest.mark.parametrize("durable", [False, True])
def test_what_is_written_has_its_name_when_the_block_ends(tmp_path, durable):
    path = tmp_path / "new" / "model.json"
    with written_whole(path, durable=durable) as partial:
        assert partial.parent == path.parent  # so that the last step is one
        partial.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "model.json"
    path.write_text("old")

    def fail() -> None:
        with written_whole(path) as partial:
            partial.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_a_bug(tmp_path):
    path = tmp_path / "model.json"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), written_whole(path):
        pass
    assert path.read_text() == "old"


def test_bytes_are_on_the_disk_before_they_have_the_name(tmp_path, monkeypatch):
    path = tmp_path / "model.json"
    synced: list[tuple[str, bool]] = []

    def fsync(file: int) -> None:
        synced.append((str(Path(f"/proc/self/fd/{file}").readlink()), path.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    for durable in (False, True):
        with written_whole(path, durable=durable) as partial:
            partial.write_text("whole")
        path.unlink()
    assert synced == [(str(partial), False)]


def test_processes_that_write_the_same_file_do_not_meet(tmp_path, monkeypatch):
    path = tmp_path / "model.json"
    with written_whole(path) as mine:
        monkeypatch.setattr(os, "getpid", lambda: 7)
        with written_whole(path) as other:
            other.write_text("other")
            mine.write_text("mine")
        assert path.read_text() == "other"
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
