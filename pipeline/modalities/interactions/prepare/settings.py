"""What a catalog entry says of interactions."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pipeline.runtime.settings import Settings


def _as_name(value: Any) -> Any:
    """A column of a table without a header is named by its number, from 0."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return str(value) if is_number else value


Text = Annotated[str, Field(min_length=1)]
Column = Annotated[str, Field(min_length=1), BeforeValidator(_as_name)]


class Items(Settings):
    """A second table, with a row for each item."""

    uri: Text | None = None
    """Where it is; in the source of the events when not given."""
    file: Text | None = None
    """The file of the archive or folder."""
    id: Column
    text: list[Column] = []
    """Columns with its title first, then categories, separated by bars, or words."""
    since: Column | None = None
    """Column with the year, date or moment from which on the item is there."""
    until: Column | None = None
    """Column with the year, date or moment after which it is gone."""
    header: bool | None = None
    """Whether the first line has names; as `header` of the entry when not given."""
    encoding: Text | None = None


class Minimum(Settings):
    """What an event needs to count; what is left out is counted."""

    value: float | None = None
    """Least value, such as a rating; events without one are left out then."""
    per_user: Annotated[int, Field(ge=1)] = 1
    per_item: Annotated[int, Field(ge=1)] = 1
    """Least number of events of a user and of an item, until both hold."""


class ColumnFields(Settings):
    """Added to `columns` of an entry."""

    event: Text | None = None
    """A column that has whole events, a JSON object each."""
    user: Column | None = None
    item: Column | None = None
    time: Column | None = None
    value: Column | None = None
    """How much the user liked it; events without such a column all count alike."""
    kind: Column | None = None
    """What the user did: view, buy."""


class EntryFields(Settings):
    """Added to an entry."""

    file: Text | None = None
    """The file that has the events, where `uri` has several."""
    items: Items | None = None
    minimum: Minimum = Minimum()
