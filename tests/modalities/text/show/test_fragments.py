"""Texts on the review page: escaped, each in its own direction, with what differs marked."""

from pipeline.modalities.text.show.fragments import html, marks, pair_html


def test_a_text_is_escaped_and_finds_its_own_direction():
    shown = html({"text": "<script>alert(1)</script> مرحبا"}, {})
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert 'dir="auto"' in shown


def test_what_nobody_sees_is_shown_as_its_code():
    shown = html({"text": "pay\u200bpal \u202eevil"}, {})
    assert "\u200b" not in shown
    assert "\u202e" not in shown
    assert "U+200B" in shown
    assert "U+202E" in shown


def test_what_differs_is_marked_on_both_sides():
    assert marks("the red car", "the blue car") == (
        "the <mark>red</mark> car",
        "the <mark>blue</mark> car",
    )


def test_chinese_is_compared_character_by_character():
    assert marks("我喜欢猫", "我喜欢狗") == ("我喜欢<mark>猫</mark>", "我喜欢<mark>狗</mark>")


def test_both_of_a_pair_have_their_captions():
    shown = pair_html({"text": "a b"}, {"caption": "<one>"}, {"text": "a c"}, {"caption": "two"})
    assert "&lt;one&gt;" in shown
    assert shown.count('dir="auto"') == 2
