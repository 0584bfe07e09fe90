"""Texts without each of their words and pairs."""

from pipeline.modalities.text.encode.interface import parts_left_out
from pipeline.modalities.text.encode.leaving_out import left_out


def test_all_occurrences_of_a_word_go_in_any_case():
    assert left_out("Win now, win big") == {
        "Win": " now,  big",
        "now": "Win , win big",
        "big": "Win now, win ",
        "Win now": ", win big",
        "win big": "Win now, ",
    }


def test_pairs_that_overlap_go_together():
    assert left_out("no no no")["no no"] == ""


def test_characters_without_blanks_between_are_words():
    assert left_out("好房间") == {
        "好": "房间",
        "房": "好间",
        "间": "好房",
        "好房": "间",
        "房间": "好",
    }


def test_marks_of_a_letter_stay_with_it():
    assert list(left_out("हिन्दी")) == ["हिन्दी"]


def test_nothing_is_left_out_of_nothing():
    assert parts_left_out({"text": None}) == []
    assert parts_left_out({"text": "?!"}) == []
