"""What predict is asked about becomes a path, with the name that people gave it."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.commands.predict.files import locate


@pytest.mark.parametrize(
    ("stdin_name", "name"),
    [("rows.csv", "rows.csv"), ("/data/../rows.csv", "rows.csv"), ("..", "stdin"), ("", "stdin")],
)
def test_standard_input_is_a_file_of_its_name(tmp_path, monkeypatch, stdin_name, name):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a,b\n1,2\n")))
    (found,) = locate(["-"], tmp_path, 8, stdin_name)
    assert found == ("-", tmp_path / "0" / name)
    assert found.path.read_bytes() == b"a,b\n1,2\n"


def test_paths_stay_as_they_are(tmp_path):
    url = "file:///data/two%20words.csv"
    assert list(locate(["a/./b.csv", url], tmp_path, 8, "")) == [
        ("a/b.csv", Path("a/b.csv")),
        ("/data/two words.csv", Path("/data/two words.csv")),
    ]
    assert not any(tmp_path.iterdir())
