"""The names of modalities/protocols/requests.py, for interactions: who asks, and what they had."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.modalities.interactions.content.events import MEASUREMENTS, read_event
from pipeline.modalities.prepared import Prepared, Unusable

CONTENT = "event"
EXAMPLE = '-d \'{"user": "196", "history": ["242", "302"]}\''
LIMITS: dict[str, Any] = {}
MEASURED: tuple[str, ...] = ()
DEAR_BYTES = 256 << 10


def prepare(contents: Sequence[bytes | None], limits: Any) -> Prepared:
    """See modalities/protocols/prepare.py."""
    measured: dict[str, list[Any]] = {m.name: [] for m in MEASUREMENTS}
    found = Prepared({CONTENT: []}, [], measured, {}, [], [], [])
    for content in contents:
        event, problem = None, None
        try:
            if content is None:
                raise Unusable("no content")
            event = read_event(content)
        except Unusable as reason:
            problem = str(reason)
        found.content[CONTENT].append(event.stored if event else None)
        found.digests.append(event.digest if event else None)
        for name, values in measured.items():
            values.append(event.measured[name] if event else None)
        found.removed.append([])
        found.problems.append(problem)
        found.transient.append(False)
    return found


def from_json(value: Any) -> bytes:
    if isinstance(value, str | int) and not isinstance(value, bool):
        value = {"user": value}
    if not isinstance(value, Mapping):
        raise ValueError("expected the id of a user, or an object with `user` and `history`")
    return json.dumps(value).encode()


def from_text(text: str) -> bytes:
    """A JSON object as the text of it; another text is the id of a user."""
    if text.lstrip().startswith("{"):
        return text.encode("utf-8", "surrogatepass")
    return json.dumps({"user": text}).encode()


def is_dear(content: bytes) -> bool:
    return len(content) > DEAR_BYTES
