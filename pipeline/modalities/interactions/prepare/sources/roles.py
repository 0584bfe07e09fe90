"""The roles of columns in a table of events."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pipeline.runtime.errors import SourceError
from pipeline.sources.tables.yaml_text import quoted

USUAL = {
    "user": ("user", "user_id", "userid", "customer_id", "visitorid", "uid"),
    "item": ("item", "item_id", "itemid", "movie_id", "movieid", "product_id", "iid"),
    "time": ("time", "timestamp", "date", "datetime", "ts", "unix_timestamp"),
    "value": ("value", "rating", "score", "stars"),
    "kind": ("kind", "event", "event_type", "action", "behavior"),
    "id": (),
}
"""What columns are usually called, the best name first."""
MAX_NAMED = 30


class Roles(NamedTuple):
    """Names of columns; None for what there is not."""

    user: str
    item: str
    time: str | None
    value: str | None
    kind: str | None
    id: str | None

    def as_yaml(self) -> str:
        said = ", ".join(f"{key}: {quoted(v)}" for key, v in self._asdict().items() if v)
        return f"columns: {{{said}}}"


def roles_of(entry: Any, names: list[str], label: str, where: str) -> Roles:
    """Find columns by what the entry says, else by what they are usually called.

    `kind` is none unless the entry names it: what a column means is not for guessing.

    Raises:
        SourceError: a column that the entry names is not there, or none has the users or items.
    """
    found: dict[str, str | None] = {}
    for key, usual in USUAL.items():
        said = getattr(entry.columns, label if key == "item" else key, None)
        if said is not None and said not in names:
            raise SourceError(
                f"{where} has no column {said}; it has {', '.join(names[:MAX_NAMED]) or 'none'}",
                fix=f"correct columns: {key}: in the catalog entry",
            )
        found[key] = said or (None if key == "kind" else _usual(names, usual))
    for key in ("user", "item"):
        if found[key] is None:
            raise SourceError(
                f"{where} has no column called {' or '.join(USUAL[key][:3])}; it has "
                f"{', '.join(names[:MAX_NAMED]) or 'none'}",
                fix=f"name it in the catalog entry, under columns: {key}:{_numbered(names)}",
            )
    return Roles(**found)  # type: ignore[arg-type]


def _numbered(names: list[str]) -> str:
    """How to name columns where the first line seems to be an event: a name of it is a number."""
    if not any(name.isdecimal() for name in names):
        return ""
    return "; if the first line is an event, columns are called 0, 1, 2 ... from the left"


def named_columns(entry: Any, label: str) -> list[str]:
    """Columns that the entry names."""
    said = (getattr(entry.columns, label if key == "item" else key, None) for key in USUAL)
    return [name for name in said if name is not None]


def _usual(names: list[str], usual: Iterable[str]) -> str | None:
    """The column of that name; types of RecBole behind a colon play no part."""
    by_name = {name.partition(":")[0].strip().lower(): name for name in reversed(names)}
    return next((by_name[name] for name in usual if name in by_name), None)
