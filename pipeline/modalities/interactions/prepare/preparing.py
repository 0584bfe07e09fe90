"""Events of a source become examples of data/raw; users get pseudonyms where they should."""

from collections.abc import Sequence
from typing import Any

from pipeline.dataset.privacy import pseudonym
from pipeline.modalities.interactions.content.events import who_and_what, with_user
from pipeline.modalities.interactions.prepare import requests
from pipeline.modalities.prepared import Prepared


def prepare(contents: Sequence[bytes | None], limits: Any) -> Prepared:
    """See modalities/protocols/prepare.py; `limits.pseudonym_key` may have the key."""
    prepared = requests.prepare(contents, limits)
    if (key := getattr(limits, "pseudonym_key", None)) is not None:
        events = prepared.content[requests.CONTENT]
        prepared.content[requests.CONTENT] = [_hidden(event, key) for event in events]
    return prepared


def _hidden(event: str | None, key: bytes) -> str | None:
    if event is None:
        return None
    user, _ = who_and_what(event)
    return with_user(event, pseudonym(user, key) or "")
