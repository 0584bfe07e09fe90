"""Events in HTML, for the review page: whose, and what the user had."""

from collections.abc import Mapping
from html import escape
from typing import Any

from pipeline.dataset.rankings.listed import EARLIER, POPULARITY
from pipeline.modalities.interactions.content.events import OF_USER, who_and_what
from pipeline.modalities.interactions.show.words import shortened
from pipeline.modalities.protocols.show import Content

MAX_SHOWN = 100
MAX_CHARS = 200


def html(content: Content, about: Mapping[str, Any]) -> str:
    if content.get("event") is None:
        return '<span class="caption">no event</span>'
    user, items = who_and_what(content["event"])
    name = shortened(user, MAX_CHARS) or "nobody known"
    counts = [
        f"{about[key]} {words}"
        for key, words in (
            (OF_USER, "events of the user"),
            (EARLIER, "before this one"),
            (POPULARITY, "events of the item"),
        )
        if about.get(key) is not None
    ]
    listed = "".join(f"<li>{escape(shortened(id, MAX_CHARS))}</li>" for id in items[:MAX_SHOWN])
    more = len(items) - MAX_SHOWN
    rest = f'<span class="caption">and {more} more</span>' if more > 0 else ""
    return (
        f'<div class="history"><p>user {escape(name)}</p>'
        f'<p class="caption">{escape(", ".join(counts))}</p><ol>{listed}</ol>{rest}</div>'
    )


def pair_html(
    content: Content,
    about: Mapping[str, Any],
    twin_content: Content,
    twin_about: Mapping[str, Any],
) -> str:
    parts = [
        f"<td><span>{escape(str(said.get('caption', '')))}</span>{html(own, said)}</td>"
        for own, said in ((content, about), (twin_content, twin_about))
    ]
    return f"<table><tbody><tr>{''.join(parts)}</tr></tbody></table>"


def size(about: Mapping[str, Any]) -> str:
    number = about.get(OF_USER)
    return f"{number} events of the user" if number else ""


def media(content: Content) -> tuple[str, bytes] | None:
    return None
