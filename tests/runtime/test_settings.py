"""Settings are strict: what cannot be meant is an error of one line."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import (
    MAX_YAML_BYTES,
    Settings,
    parse,
    read_params,
    read_yaml,
    with_fields,
)


class Shelf(Settings):
    length_cm: int
    label: str = ""


class Room(Settings):
    name: str
    shelf: Shelf


FILE = Path("room.yaml")


def refusal(content: dict) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(Room, content, FILE)
    return str(caught.value)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "room.yaml"
    path.write_bytes(content)
    return path


def test_valid_settings_are_typed_and_frozen():
    room = parse(Room, {"name": "hall", "shelf": {"length_cm": 80}}, FILE)
    assert room == Room(name="hall", shelf=Shelf(length_cm=80, label=""))
    with pytest.raises(ValidationError, match="frozen"):
        room.name = "cellar"


def test_unknown_key():
    assert refusal({"name": "hall", "shelf": {"length_cm": 1}, "zzz": 2}) == (
        "ERROR room.yaml: unknown key zzz | fix: known keys: name, shelf"
    )


def test_unknown_key_like_a_known_one():
    assert refusal({"name": "hall", "shelf": {"length_cm": 1, "labl": "a"}}) == (
        "ERROR room.yaml: unknown key shelf.labl | fix: did you mean label?"
    )


def test_a_misspelt_required_key_is_named_before_its_absence():
    assert refusal({"name": "hall", "shelf": {"lenght_cm": 1}}) == (
        "ERROR room.yaml: unknown key shelf.lenght_cm (and 1 more) | fix: did you mean length_cm?"
    )


def test_missing_key():
    assert refusal({"name": "hall", "shelf": {}}) == (
        "ERROR room.yaml: key shelf.length_cm is missing | fix: add `shelf.length_cm:`"
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [("80", "'80'"), (80.5, "80.5"), (True, "True"), (None, "None"), ([80], "[80]")],
)
def test_no_type_is_guessed(value, found):
    assert refusal({"name": "hall", "shelf": {"length_cm": value}}) == (
        f"ERROR room.yaml: shelf.length_cm must be a valid integer, found {found}"
        " | fix: set shelf.length_cm to such a value in room.yaml"
    )


class Aisle(Settings):
    """Keys of a file that has others too; `shelf` under another name."""

    name: str
    shelf_of: Annotated[Shelf, Field(alias="shelf")]


def test_a_stage_reads_its_own_keys_alone(tmp_path):
    path = write(tmp_path, b"name: hall\nshelf: {length_cm: 80}\ncellar: {zzz: 1}\n")
    assert read_params(Aisle, path).shelf_of == Shelf(length_cm=80)
    write(tmp_path, b"name: hall\nshelf: {length: 80}\ncellar: {zzz: 1}\n")
    with pytest.raises(SettingsError) as caught:
        read_params(Aisle, path)
    assert str(caught.value) == (
        f"ERROR {path}: unknown key shelf.length (and 1 more) | fix: did you mean length_cm?"
    )
    write(tmp_path, b"name: hall\ncellar: {zzz: 1}\n")
    with pytest.raises(SettingsError) as caught:
        read_params(Aisle, path)
    assert str(caught.value) == f"ERROR {path}: key shelf is missing | fix: add `shelf:`"


def test_a_long_value_is_shown_in_part():
    assert refusal({"name": "hall", "shelf": {"length_cm": "9" * 100}}) == (
        f"ERROR room.yaml: shelf.length_cm must be a valid integer, found '{'9' * 56}..."
        " | fix: set shelf.length_cm to such a value in room.yaml"
    )


def test_read_yaml_gives_the_mapping(tmp_path):
    content = "name: hall\nlr: 1e-05\nanswer: no\nmode: 0o10\nsize: [1, 2.5]\n"
    assert read_yaml(write(tmp_path, content.encode())) == {
        "name": "hall",
        "lr": 0.00001,
        "answer": "no",  # YAML 1.2 has true and false alone
        "mode": 8,
        "size": [1, 2.5],
    }


@pytest.mark.parametrize(
    ("content", "found"), [(b"", "nothing"), (b"- a\n- b\n", "list"), (b"hall\n", "str")]
)
def test_read_yaml_wants_a_mapping(tmp_path, content, found):
    path = write(tmp_path, content)
    with pytest.raises(SettingsError) as caught:
        read_yaml(path)
    assert str(caught.value) == (
        f"ERROR {path} must hold `key: value` lines, found {found} | fix: write one key per line"
    )


def test_read_yaml_of_no_file(tmp_path):
    path = tmp_path / "room.yaml"
    with pytest.raises(SettingsError) as caught:
        read_yaml(path)
    assert str(caught.value) == f"ERROR {path} does not exist | fix: write {path}"


def test_read_yaml_of_a_folder(tmp_path):
    with pytest.raises(SettingsError) as caught:
        read_yaml(tmp_path)
    assert str(caught.value).startswith(f"ERROR {tmp_path} ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name: [hall\nshelf: 1\n", "line 2, column 6: expected ',' or ']', but got ':'"),
        (
            b"name: hall\nname: cellar\n",
            'line 2, column 1: found duplicate key "name" with value "cellar"'
            ' (original value: "hall")',
        ),
    ],
    ids=["no end", "twice"],
)
def test_broken_yaml_is_explained_by_place_and_reason(tmp_path, content, reason):
    path = write(tmp_path, content)
    with pytest.raises(SettingsError) as caught:
        read_yaml(path)
    assert str(caught.value) == f"ERROR {path} is not YAML: {reason} | fix: mend its syntax"


def test_read_yaml_of_bytes_that_are_no_text(tmp_path):
    path = write(tmp_path, b"name: \xff\xfe\n")
    with pytest.raises(SettingsError) as caught:
        read_yaml(path)
    assert str(caught.value) == (
        f"ERROR {path} is not YAML: 'utf-8' codec can't decode byte 0xff in position 6: "
        "invalid start byte | fix: mend its syntax"
    )


def test_yaml_makes_no_objects(tmp_path):
    path = write(tmp_path, b"name: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(SettingsError, match="could not determine a constructor"):
        read_yaml(path)


@pytest.mark.parametrize("excess", [0, 1])
def test_settings_have_a_largest_size(tmp_path, excess):
    line = b"name: hall\n#"
    path = write(tmp_path, line + b"-" * (MAX_YAML_BYTES - len(line) + excess))
    if not excess:
        assert read_yaml(path) == {"name": "hall"}
        return
    with pytest.raises(SettingsError) as caught:
        read_yaml(path)
    assert str(caught.value) == (
        f"ERROR {path} is larger than 1048576 bytes"
        " | fix: settings are short; is this another file?"
    )


def test_a_section_that_is_left_out_has_the_fields_that_were_added_to_it():
    class Columns(Settings):
        id: str | None = None

    class Entry(Settings):
        uri: str
        columns: Columns = Columns()

    class More(Settings):
        photo: str | None = None

    made = with_fields(Entry, columns=[More])
    assert made(uri="x").columns.photo is None
    assert made(uri="x") == parse(made, {"uri": "x", "columns": {}}, Path("x.yaml"))
