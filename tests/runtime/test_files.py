"""A file is there whole, or as it was before; pyarrow reads one until the process ends well."""

import io
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pyarrow as pa
import pytest

from pipeline.runtime import files
from pipeline.runtime.files import as_native, written_whole


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


READS_AHEAD = dedent("""
    import io, sys, time
    import pyarrow as pa, pyarrow.csv
    from pipeline.runtime.files import as_native

    class Slow(io.RawIOBase):
        blocks = 4

        def readable(self):
            return True

        def read(self, size=-1):
            time.sleep(0.1)
            self.blocks -= 1
            return b"a\\n" * 1000 if self.blocks > 0 else b""

    open_file = as_native if sys.argv[1] == "ours" else lambda file: pa.PythonFile(file, "r")
    print(next(iter(pa.csv.open_csv(open_file(Slow())))).num_rows)
""")


@pytest.mark.parametrize(("whose", "status"), [("ours", 0), ("pyarrow", -6)])
def test_process_ends_well_while_a_thread_reads_ahead(whose, status):
    command = [sys.executable, "-c", READS_AHEAD, whose]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (status, "999\n")


@pytest.mark.parametrize("kind", [bytes, io.BytesIO])
def test_what_is_lent_is_known_until_it_is_given_back(kind):
    num = len(files._lent)
    file = as_native(kind(b"content"))
    assert len(files._lent) == num + 1
    assert file.read() == b"content"
    del file
    assert len(files._lent) == num


def test_file_of_pyarrow_is_as_it_was():
    file = pa.BufferReader(b"content")
    assert as_native(file) is file
