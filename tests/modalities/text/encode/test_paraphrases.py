"""Paraphrases that people bring: of training texts, and never what val and test have."""

import pytest

from pipeline.modalities.text.encode.interface import versions_brought
from pipeline.runtime.errors import SettingsError

ROWS = [
    ("a", "train", {"text": "Free lunch today"}),
    ("b", "train", {"text": "See you soon"}),
    ("c", "test", {"text": "Call me later"}),
]


def brought(path, content: bytes):
    path = path / "sms.csv"
    path.write_bytes(content)
    return versions_brought(path, ROWS)


def test_versions_of_training_texts_in_their_order(tmp_path):
    found, remark = brought(tmp_path, "id,paraphrase\na,Lunch is free\na,Gratis café\n".encode())
    assert found == {"a": [{"text": "Lunch is free"}, {"text": "Gratis café"}]}
    assert remark == "2 paraphrases of 1 training texts"


def test_what_is_left_out_is_counted_by_reason(tmp_path):
    lines = b"paraphrase,id\nRing later,c\nNew,d\nCALL  me later,a\nsee you SOON,b\n ,b\nBye,b\n"
    found, remark = brought(tmp_path, lines)
    assert found == {"b": [{"text": "Bye"}]}
    assert remark == (
        "1 paraphrases of 1 training texts; 1 of texts of val and test are left out; "
        "1 of texts that are not there are left out; 1 that say the same word for word are left "
        "out; 1 that stand in val or test are left out"
    )


@pytest.mark.parametrize("content", [b"text,paraphrase\nx,y\n", b"", b"id,paraphrase\na,caf\xe9\n"])
def test_a_file_of_another_form_is_refused(tmp_path, content):
    with pytest.raises(SettingsError) as caught:
        brought(tmp_path, content)
    assert "the columns id and paraphrase" in str(caught.value.fix)
