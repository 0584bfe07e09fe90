"""An event: somebody took an item at a time. As a source gives it, and as data/raw has it.

Both are a JSON object: `user`, an id, or nobody; `history`, ids of items that the user had, which
networks do not know of from train; and what else an event says (item, time, value, kind), with
counts over all events, which the source adds. Ids are texts, exactly as written.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from pipeline.dataset.measurement import Measurement
from pipeline.dataset.rankings.listed import EARLIER, POPULARITY
from pipeline.modalities.prepared import Unusable

OF_USER, DIFFERENT, VALUE = "num_of_user", "num_different", "value"
LARGEST = 2**31 - 1
MEASUREMENTS = (
    Measurement(EARLIER, "int32", low=0, high=LARGEST),
    Measurement(OF_USER, "int32", low=0, high=LARGEST, compared=True),
    Measurement(DIFFERENT, "int32", low=0, high=LARGEST),
    Measurement(POPULARITY, "int32", low=0, high=LARGEST),
    Measurement(VALUE, "float32", compared=True),
)
WORDS: tuple[str, ...] = ()
COUNTS = (EARLIER, OF_USER, DIFFERENT, POPULARITY)
MAX_ID, MAX_HISTORY = 1000, 10_000


class Event(NamedTuple):
    """An event as data/raw has it."""

    stored: str
    """The JSON object, with its keys in order."""
    digest: str
    """The digest of what the event says, without counts, which change when others come."""
    measured: dict[str, float | int]


def read_event(content: bytes) -> Event:
    """
    Raises:
        Unusable: it is no event.
    """
    said = _parse(content)
    user, history = _id(said.get("user", "")), said.get("history", [])
    if not isinstance(history, list) or len(history) > MAX_HISTORY:
        raise Unusable(f"history should be a list of at most {MAX_HISTORY} ids of items")
    items = [_id(item) for item in history]
    if not user and not items:
        raise Unusable("neither a user nor a history")
    counts = {name: _count(said, name) for name in COUNTS}
    value = _number(said.get(VALUE, 1.0))
    texts = {name: _id(said[name]) for name in ("item", "time", "kind") if name in said}
    own = {"user": user, **({"history": items} if items else {}), **texts, VALUE: value}
    digest = hashlib.sha256(_as_json(own).encode()).hexdigest()
    stored = _as_json(own | {name: number for name, number in counts.items() if number})
    counts[EARLIER] = counts[EARLIER] or len(items)
    return Event(stored, digest, {**counts, VALUE: value})


def who_and_what(stored: str | None) -> tuple[str, list[str]]:
    """The user, empty for nobody, and the history of an event as data/raw has it."""
    said = json.loads(stored) if stored else {}
    return said.get("user", ""), said.get("history", [])


def is_request(stored: str) -> bool:
    """Whether somebody asks, rather than took an item."""
    return "item" not in json.loads(stored)


def event_taken(stored: str, item: str, time: str) -> str:
    """The event that the user of another one, or of a request, took an item."""
    user, _ = who_and_what(stored)
    return _as_json({"user": user, "item": item, "time": time, VALUE: 1.0})


def with_user(stored: str, user: str) -> str:
    """The event as if it were of another user."""
    return _as_json(json.loads(stored) | {"user": user})


def _as_json(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _parse(content: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(content, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"no event in JSON ({type(error).__name__})") from None
    if not isinstance(said, dict) or not {"user", "history"} & said.keys():
        raise Unusable("no JSON object with a user or a history")
    return said


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _id(value: Any) -> str:
    """An id as a text; a whole number is its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**18 else None
    if not isinstance(value, str) or len(value) > MAX_ID:
        raise Unusable(f"an id should be a text of at most {MAX_ID} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unusable("an id is no text that can be written") from None
    return value


def _count(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise Unusable(f"{name} should be a count")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unusable(f"{VALUE} should be a number")
    if not math.isfinite(value) or abs(value) > 1e30:
        raise Unusable(f"{VALUE} is not finite")
    return float(value)
