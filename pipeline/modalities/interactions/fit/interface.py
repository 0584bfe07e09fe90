"""The names of modalities/protocols/fit.py, for interactions."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa

from pipeline.modalities.interactions.content.events import who_and_what
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.fit import Sums

MAX_WIDTH = 2000
USER_COLUMN = "user_column"
"""Key of the source's column by which predict finds users in a table."""


def fit(
    index: Mapping[str, Any],
    tables: Callable[[], Iterable[pa.Table]],
    settings: Any,
) -> Preparation:
    """Users of train and all items; see encode/preparation.py."""
    options = index["content"].get("options", {})
    counts: Counter[str] = Counter()
    of_histories: set[str] = set()
    num_events = 0
    for table in tables():
        num_events += table.num_rows
        for event in table["event"].to_pylist():
            user, history = who_and_what(event)
            counts[user] += 1
            of_histories.update(history)
    users = sorted(user for user in counts if user)
    preparation = {
        "users": users,
        "items": options.get("items") or sorted(of_histories) or [""],
        "width": min(MAX_WIDTH, max(settings.history, options.get("later", 0))),
        "num_events": num_events,
        "longest": max((counts[user] for user in users), default=0),
        "options": {name: options[name] for name in (USER_COLUMN,) if name in options},
    }
    if "categories" in options:
        preparation["categories"] = options["categories"]
    return preparation


def sums(inputs: Inputs) -> Sums:
    return {}


def finish(preparation: Preparation, sums: Sums) -> Preparation:
    return preparation
