"""Keys that tables add to catalog entries."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.runtime.settings import Settings

Text = Annotated[str, Field(min_length=1)]
ColumnKind = Literal["number", "category", "boolean", "date"]


class DateFormat(Settings):
    """How dates are written, where it cannot be found by looking."""

    order: Literal["year", "month", "day"] | None = None
    """The part that comes first: `day` in 31/12/2024."""


class ColumnFields(Settings):
    """Added to `columns` of an entry."""

    row: Text | None = None
    """A column that has whole rows, a JSON object each."""
    ignore: list[Text] = []
    """Columns that do not enter data/raw."""


class EntryFields(Settings):
    """Added to an entry."""

    types: dict[Text, ColumnKind] = {}
    """Kinds of columns; found by looking where it says nothing."""
    inputs: list[Text] | None = None
    """Columns that networks see; all others that are left when not given."""
    quasi_identifiers: list[Text] = []
    """Columns by which others may recognise a person; how many share them is counted."""
    dates: DateFormat = DateFormat()
    decimal: Literal[".", ","] | None = None
    """What stands before the fraction of a number."""
