"""What is written is whole or not there, also where the disk is full; contents expire."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.dataset.served.layout import ANSWERS, Layout, answer_row, read_records
from pipeline.serving.recording import contents
from pipeline.serving.recording.contents import Contents, remove_expired
from pipeline.serving.recording.recorder import new_id
from pipeline.serving.recording.records import RecordFile
from tests.support.repository import ROOT

LAYOUT = Layout(ANSWERS, "ab" * 32, 1, 1, ())
ROW = answer_row(1.0, bytes(16), None, 0.0, bytes(4))


def test_files_are_of_one_model_and_private(tmp_path):
    file = RecordFile(tmp_path, LAYOUT)
    file.append(ROW)
    other = RecordFile(tmp_path, LAYOUT)
    other.append(ROW)
    assert file.path != other.path
    assert file.path.parent.name == "abababababab"
    assert file.path.stat().st_mode & 0o077 == 0
    assert file.path.parent.stat().st_mode & 0o077 == 0
    for one in (file, other):
        one.close()
        assert len(read_records(one.path).rows) == 1


def test_a_row_that_the_disk_does_not_take_leaves_nothing(tmp_path):
    """Under a limit of file size, which the system keeps as it keeps that of a disk."""
    code = f"""
import resource, signal
from pathlib import Path
from pipeline.dataset.served.layout import *
from pipeline.serving.recording.records import RecordFile
layout = Layout(ANSWERS, "ab" * 32, 1, 1, ())
row = answer_row(1.0, bytes(16), None, 0.0, bytes(4))
file = RecordFile(Path({str(tmp_path)!r}), layout)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
most = len(layout.header()) + 10 * len(row) + 7
resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
lost = 0
for number in range(20):
    try:
        file.append(row)
    except OSError:
        lost += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.append(row)
found = read_records(file.path)
print(lost, len(found.rows), found.num_torn)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "10 11 0\n", done.stderr


def test_a_file_that_forget_removed_is_begun_again(tmp_path, monkeypatch):
    file = RecordFile(tmp_path, LAYOUT)
    file.append(ROW)
    first = file.path
    first.unlink()
    file._look_again = 0.0
    file.append(ROW)
    assert file.path.exists()
    assert len(read_records(file.path).rows) == 1


def test_ids_sort_by_time_and_are_of_version_7():
    ids = [new_id() for _ in range(50)]
    assert {id.version for id in ids} == {7}
    assert {id.variant for id in ids} == {"specified in RFC 4122"}
    assert len(set(ids)) == 50
    assert [id.int >> 80 for id in ids] == sorted(id.int >> 80 for id in ids)


def test_contents_are_kept_once_and_expire(tmp_path, monkeypatch):
    kept = Contents(tmp_path, days=2)
    kept.keep("a" * 64, b"one")
    kept.keep("a" * 64, b"one")
    (path,) = (tmp_path / "contents").rglob("a*")
    assert path.read_bytes() == b"one"
    assert path.stat().st_mode & 0o077 == 0
    today = datetime.now(UTC)
    assert path.parent.name == (today + timedelta(days=2)).date().isoformat()
    (tmp_path / "contents/notes").mkdir()
    for days, is_there in ((2, True), (3, False)):
        monkeypatch.setattr(contents, "_today", lambda days=days: today + timedelta(days=days))
        remove_expired(tmp_path)
        assert path.exists() is is_there
    assert (tmp_path / "contents/notes").exists()


def test_a_day_has_its_most_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "MOST_BYTES", 5)
    kept = Contents(tmp_path, days=1)
    kept.keep("a" * 64, b"four")
    with pytest.raises(OSError, match="a day"):
        kept.keep("b" * 64, b"more")
    again = Contents(tmp_path, days=1)  # a server that was started again
    with pytest.raises(OSError, match="a day"):
        again.keep("b" * 64, b"more")
