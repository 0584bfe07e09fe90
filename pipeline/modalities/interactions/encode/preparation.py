"""The preparation of events: users of train and all items, whose places are their codes.

`{"users": [...], "items": [...], "width", "num_events", "longest", "options"}`: names in the order
of their letters; how many items a row has beside its user's in train; how many events train has,
and at most of one user. `categories` of items, where they have any, by their ids.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

COUNTS = ("width", "num_events", "longest")
USER, HISTORY = "user", "history"
"""Input columns: the place of the user plus 1, 0 for one that train does not have; and those of
items plus 1, the oldest first, then 0."""


def problem_in(preparation: Mapping[str, Any]) -> str | None:
    """See modalities/protocols/encode.py."""
    for name in ("users", "items"):
        names = preparation.get(name)
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            return f"{name} should be a list of ids"
        if any(one >= other for one, other in pairwise(names)):
            return f"{name} should be in order, each once"
    for name in COUNTS:
        value = preparation.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            return f"{name} should be a count"
    if not preparation["items"] or not preparation["width"]:
        return "there should be an item, and room for a history"
    return None


def code_of(name: str, names: Sequence[str]) -> int:
    """The place of a name plus 1, in names in order; 0 for one that is not there."""
    place = bisect_left(names, name)
    return place + 1 if place < len(names) and names[place] == name else 0
