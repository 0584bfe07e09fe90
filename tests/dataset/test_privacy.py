"""Tombstones are read or refused; the key of pseudonyms is made once, for its owner alone."""

import hashlib
import stat

import pytest

from pipeline.dataset.privacy import is_opted_out, read_opted_out, read_or_make_key
from pipeline.runtime.errors import SettingsError


def write(here, text: str | bytes) -> None:
    folder = here / "data/optout"
    folder.mkdir(parents=True)
    (folder / "pets.csv").write_bytes(text if isinstance(text, bytes) else text.encode())


def test_no_file_no_tombstones(here):
    assert read_opted_out("pets") == frozenset()


def test_tombstones_are_ids_or_digests(here):
    digest = hashlib.sha256(b"b.jpg").hexdigest()
    write(here, f'id,date,note\n"a, b.jpg",2026-01-01,asked\n{digest},,\n')
    found = read_opted_out("pets")
    assert found == {"a, b.jpg", digest}
    assert is_opted_out(found, "b.jpg", None)
    assert is_opted_out(found, "a, b.jpg", None)
    assert not is_opted_out(found, "c.jpg", digest.upper())
    assert is_opted_out(found, "c.jpg", digest)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name\na.jpg\n",
            "ERROR data/optout/pets.csv has the columns ['name'], expected id "
            "| fix: make its first line id,date,note",
        ),
        (
            "id,date\na.jpg,\n,2026-01-01\n",
            "ERROR data/optout/pets.csv line 3 has no id | fix: fill it in",
        ),
        (
            b"id\n\xff.jpg\n",
            "ERROR data/optout/pets.csv is no UTF-8 CSV file: 'utf-8' codec can't decode byte "
            "0xff in position 3: invalid start byte | fix: save it as one",
        ),
    ],
)
def test_what_is_no_list_of_tombstones_is_refused(here, text, message):
    write(here, text)
    with pytest.raises(SettingsError) as caught:
        read_opted_out("pets")
    assert str(caught.value) == message


def test_the_key_is_made_once_and_for_its_owner_alone(here, monkeypatch):
    path = here / "keys/pets.key"
    monkeypatch.setenv("GROUNDWORK_KEY", str(path))
    key = read_or_make_key()
    assert len(key) == 32
    assert read_or_make_key() == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    assert read_or_make_key() != key


@pytest.mark.parametrize("text", ["", "secret", "ab" * 31])
def test_a_file_that_is_no_key_is_refused(here, monkeypatch, text):
    (here / "my.key").write_text(text)
    monkeypatch.setenv("GROUNDWORK_KEY", "my.key")
    with pytest.raises(SettingsError) as caught:
        read_or_make_key()
    assert str(caught.value) == (
        "ERROR my.key is no key: expected 64 hexadecimal digits "
        "| fix: bring back the key that was used before, or name another with GROUNDWORK_KEY"
    )
