"""An error is one line that a person can act on, whatever the data says."""

import pickle
from pathlib import Path

import pytest

from pipeline.runtime import errors
from pipeline.runtime.errors import (
    GroundworkError,
    SourceError,
    as_groundwork_error,
    one_line,
)

EVERY_ERROR = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, GroundworkError)
]


def test_an_error_says_what_is_wrong_then_what_to_do():
    error = SourceError("/data/pets holds no images", fix="check `uri` in data/catalog/pets.yaml")
    assert str(error) == (
        "ERROR /data/pets holds no images | fix: check `uri` in data/catalog/pets.yaml"
    )
    assert (error.what, error.fix) == (
        "/data/pets holds no images",
        "check `uri` in data/catalog/pets.yaml",
    )


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_kind_is_one_error_in_the_tree_of_the_docstring(kind):
    assert str(kind("a", fix="b")) == "ERROR a | fix: b"
    assert f"{kind.__name__} " in errors.__doc__


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_an_error_survives_the_way_back_from_a_worker_process(kind):
    returned = pickle.loads(pickle.dumps(kind("a\nb", fix="c")))
    assert type(returned) is kind
    assert (returned.what, returned.fix) == ("a\nb", "c")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cat.png", "cat.png"),
        ("Müller 猫 – ½", "Müller 猫 – ½"),
        ("two\nlines", r"two\nlines"),
        ("\r\t\0", r"\r\t\x00"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b31m", r"\x9b31m"),  # the one-byte escape
        ("a\u2028b\u202ec", r"a\u2028b\u202ec"),  # line separator, right-to-left override
        ("not utf-8: \udcff", r"not utf-8: \udcff"),
    ],
)
def test_foreign_text_cannot_break_the_line_or_drive_the_terminal(text, shown):
    assert one_line(text) == shown
    assert str(SourceError(text, fix=text)) == f"ERROR {shown} | fix: {shown}"
    assert str(SourceError(text, fix=text)).encode("utf-8")


def test_a_file_that_could_not_be_made_points_at_its_folder(tmp_path):
    missing = PermissionError(13, "Permission denied", str(tmp_path / "a b" / "x.yaml.77.partial"))
    assert str(as_groundwork_error(missing)) == (
        f"ERROR {tmp_path}/a b/x.yaml cannot be read or written: Permission denied | fix: see who "
        f"may read and write it: ls -ld '{tmp_path}/a b'"
    )
    there = tmp_path / "x.yaml"
    Path(there).touch()
    error = as_groundwork_error(PermissionError(13, "Permission denied", str(there)))
    assert error.fix == f"see who may read and write it: ls -ld {there}"
