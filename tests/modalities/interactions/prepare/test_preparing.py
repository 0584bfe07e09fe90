"""Users get pseudonyms before anything is stored, and a request is what people write."""

import json
from types import SimpleNamespace

import pytest

from pipeline.dataset.privacy import pseudonym
from pipeline.modalities.interactions.content.events import who_and_what
from pipeline.modalities.interactions.prepare.files import examples_in
from pipeline.modalities.interactions.prepare.preparing import prepare
from pipeline.modalities.interactions.prepare.requests import from_json, from_text
from pipeline.runtime.errors import SourceError


def test_users_get_pseudonyms_and_items_stay():
    content = json.dumps({"user": "eve", "item": "i1", "history": ["i2"]}).encode()
    plain = prepare([content], SimpleNamespace())
    hidden = prepare([content], SimpleNamespace(pseudonym_key=b"k" * 32))
    assert who_and_what(plain.content["event"][0]) == ("eve", ["i2"])
    assert who_and_what(hidden.content["event"][0]) == (pseudonym("eve", b"k" * 32), ["i2"])
    assert "eve" not in hidden.content["event"][0]


def test_counts_over_all_events_are_no_part_of_what_an_event_says():
    said = {"user": "eve", "item": "i1", "time": "2024-01-01"}
    one, other = (
        prepare([json.dumps(said | {"num_of_item": n}).encode()], SimpleNamespace()) for n in (3, 9)
    )
    assert one.digests == other.digests
    assert [one.measured["num_of_item"], other.measured["num_of_item"]] == [[3], [9]]


@pytest.mark.parametrize("written", ["007", 7, {"user": "007"}, {"user": "x", "history": ["1"]}])
def test_a_request_names_a_user_or_has_a_history(written):
    (problem,) = prepare([from_json(written)], SimpleNamespace()).problems
    assert problem is None


def test_a_text_is_the_id_of_a_user():
    assert json.loads(from_text("007")) == {"user": "007"}
    with pytest.raises(ValueError, match="expected the id of a user"):
        from_json(["007"])


def test_what_is_no_file_is_the_id_of_a_user(tmp_path):
    ((row, content),) = examples_in(tmp_path / "007", SimpleNamespace())
    assert (row, json.loads(content)) == ("", {"user": "007"})
    table = tmp_path / "users.csv"
    table.write_text("name,userId\nAnna,007\nBert,7\n")
    rows = examples_in(table, SimpleNamespace(user_column="userId"))
    assert [json.loads(content)["user"] for _, content in rows] == ["007", "7"]
    table.write_text("name\nAnna\n")
    with pytest.raises(SourceError, match="has no column of users"):
        examples_in(table, SimpleNamespace())
