"""Images as HTML: nothing from data is markup, and what a browser loads is named as it is."""

from html.parser import HTMLParser

import pytest

from pipeline.modalities.images.show.interface import SHOWN, STYLE, html, media, pair_html, size

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'"


def about(**changes) -> dict:
    ordinary = {"id": "a.jpg", "width": 30, "height": 20, "address": "/media/3?session=x"}
    return ordinary | {"caption": ""} | changes


def parsed(text: str) -> list[tuple[str, dict]]:
    found: list[tuple[str, dict]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(text)
    return found


def test_an_image_says_its_size_so_that_nothing_moves_when_it_is_there():
    [(tag, attributes)] = parsed(html({}, about()))
    assert (tag, attributes) == (
        "img",
        {
            "class": "image small",
            "src": "/media/3?session=x",
            "width": "30",
            "height": "20",
            "alt": "image a.jpg",
            "draggable": "false",
        },
    )
    assert size(about()) == "30 × 20"


@pytest.mark.parametrize(("side", "kind"), [(160, "image small"), (161, "image")])
def test_small_images_are_shown_pixel_by_pixel(side, kind):
    assert parsed(html({}, about(height=side)))[0][1]["class"] == kind


def test_an_example_without_an_image():
    nothing = about(width=None, height=None)
    assert html({}, nothing) == '<span class="caption">no image</span>'
    assert size(nothing) == ""
    assert media({"image": None}) is None


def test_nothing_from_data_is_markup():
    hostile = about(id=HOSTILE, caption=HOSTILE, address=f"/media/1?session={HOSTILE}")
    for text in (html({}, hostile), pair_html({}, hostile, {}, hostile)):
        assert {tag for tag, _ in parsed(text)} <= {"div", "img", "span"}
        assert not any(name.startswith("on") for _, some in parsed(text) for name in some)
        assert next(some for tag, some in parsed(text) if tag == "img")["alt"] == f"image {HOSTILE}"


def test_a_pair_has_both_with_their_captions():
    text = pair_html({}, about(caption="cat in val"), {}, about(address="/media/9?", caption="dog"))
    assert [some["src"] for tag, some in parsed(text) if tag == "img"] == [
        "/media/3?session=x",
        "/media/9?",
    ]
    assert text.index("cat in val") < text.index("/media/9?") < text.index("dog")


@pytest.mark.parametrize(
    ("content", "kind"), [(b"\xff\xd8\xff\xe0", "image/jpeg"), (b"\x89PNG\r\n", "image/png")]
)
def test_media_are_what_is_stored(content, kind):
    assert media({"image": content}) == (kind, content)


def test_the_style_has_every_class_that_is_used():
    style = STYLE.read_text(encoding="utf-8")
    text = html({}, about()) + pair_html({}, about(), {}, about())
    used = {name for _, some in parsed(text) for name in some.get("class", "").split()}
    assert {name for name in used - {"caption"} if f".{name} " not in style} == set()
    assert set(SHOWN) == {"width", "height"}
