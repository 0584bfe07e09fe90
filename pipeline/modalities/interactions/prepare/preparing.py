"""Events of a source become examples of data/raw; users get pseudonyms where they should."""

from collections.abc import Sequence
from typing import Any

from pipeline.dataset.privacy import pseudonym
from pipeline.modalities.interactions.prepare import requests
from pipeline.modalities.prepared import Prepared


def prepare(contents: Sequence[bytes | None], limits: Any) -> Prepared:
    """See modalities/protocols/prepare.py; `limits.pseudonym_key` may have the key."""
    prepared = requests.prepare(contents, limits)
    if (key := getattr(limits, "pseudonym_key", None)) is not None:
        users = prepared.content["user"]
        prepared.content["user"] = [pseudonym(user, key) for user in users]
    return prepared
