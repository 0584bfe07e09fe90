"""Events in HTML, for the review page: the user and the user's history."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from pipeline.dataset.rankings.listed import EARLIER, POPULARITY
from pipeline.modalities.interactions.content.events import (
    DIFFERENT,
    OF_USER,
    is_request,
    who_and_what,
)
from pipeline.modalities.interactions.show.words import shortened
from pipeline.modalities.protocols.show import Content

MAX_SHOWN, MAX_EVENTS = 100, 1000
MAX_CHARS = 200


def html(content: Content, about: Mapping[str, Any]) -> str:
    if content.get("event") is None:
        return '<span class="caption">no event</span>'
    user, items = who_and_what(content["event"])
    name = shortened(user, MAX_CHARS) or "nobody known"
    counts = [
        f"{words} {about[key]}"
        for key, words in (
            (OF_USER, "events of the user"),
            (DIFFERENT, "different items"),
            (EARLIER, "known before this one"),
            (POPULARITY, "events of the item"),
        )
        if about.get(key) is not None
    ]
    history = about.get("of_group")
    return (
        f'<div class="history"><p>user {escape(name)}</p>'
        f'<p class="caption">{escape(", ".join(counts))}</p>'
        f"{'' if history is None else _whole(history)}"
        f"{_listed(items) if history is None or is_request(content['event']) else ''}</div>"
    )


def _listed(items: Sequence[str]) -> str:
    """A list of the items in the history of an event, which the model does not know by the user."""
    shown = "".join(f"<li>{escape(shortened(id, MAX_CHARS))}</li>" for id in items[:MAX_SHOWN])
    return f"<ol>{shown}</ol>{_rest(len(items) - MAX_SHOWN)}" if items else ""


def _whole(history: Sequence[Mapping[str, Any]]) -> str:
    """All events of the user in the order of time, and how fast they came."""
    ordered = sorted(history, key=_order)
    rows = "".join(
        f"<tr><td>{escape(_when(event))}</td>"
        f"<td>{escape(shortened(event['label'] or '', MAX_CHARS))}</td>"
        f"<td>{escape(str(event['split']))}</td></tr>"
        for event in ordered[:MAX_EVENTS]
    )
    head = '<tr><th scope="col">time</th><th scope="col">item</th><th scope="col">split</th></tr>'
    return (
        f'<p class="caption">{escape(pace(ordered))}</p><table><thead>{head}</thead>'
        f"<tbody>{rows}</tbody></table>{_rest(len(ordered) - MAX_EVENTS)}"
    )


def pace(history: Sequence[Mapping[str, Any]]) -> str:
    """When a user came, in words; empty if the `time` of events is no moment but a number of steps
    or None."""
    times = [event["time"] for event in history if isinstance(event.get("time"), datetime)]
    if not times:
        return ""
    days = Counter(time.date() for time in times)
    busiest, most = max(days.items(), key=lambda day: (day[1], day[0]))
    hours = len({time.hour for time in times})
    return (
        f"{len(history)} in all, from {min(days)} to {max(days)} on {len(days)} days, at "
        f"most {most} a day ({busiest}), at {hours} of 24 hours"
    )


def _order(event: Mapping[str, Any]) -> tuple[bool, Any]:
    time = event.get("time")
    return (time is not None, 0 if time is None else time)


def _when(event: Mapping[str, Any]) -> str:
    time = event.get("time")
    return "" if time is None else str(time)[:19]


def _rest(number: int) -> str:
    return f'<span class="caption">and {number} more</span>' if number > 0 else ""


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
