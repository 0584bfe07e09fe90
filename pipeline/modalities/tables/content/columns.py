"""Columns of a table: the kind of their values, and how these are written in the source."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

NUMBER, CATEGORY, BOOLEAN, DATE = "number", "category", "boolean", "date"
KINDS = (NUMBER, CATEGORY, BOOLEAN, DATE)
IS_NUMERIC = {NUMBER: True, DATE: True, CATEGORY: False, BOOLEAN: False}
"""Whether values of a kind are numbers for a network: a date becomes days since 1970."""


@dataclass(frozen=True)
class TableColumn:
    """A column, and all that is needed to read its values; predict reads as ingest did."""

    name: str
    kind: str
    is_input: bool = True
    """Whether networks see it; otherwise it is only reported on."""
    decimal: str = "."
    thousands: str = ","
    """Separator of thousands; blanks are always allowed."""
    order: str = "year"
    """The first part of a date: `day`, `month` or `year`."""
    pivot: int = 29
    """Two-digit years up to it are after 2000."""
    missing: tuple[str, ...] = ()
    """Values that mean a missing one."""
    spellings: Mapping[str, str] = field(default_factory=dict)
    """The spelling to use of a category with several, by folded text."""

    def as_json(self) -> dict[str, Any]:
        """Name, kind, and the fields that differ from their defaults."""
        usual = asdict(TableColumn("", "")) | {"name": None, "kind": None}
        values = {name: v for name, v in asdict(self).items() if v != usual[name]}
        if self.missing:
            values["missing"] = list(self.missing)
        return values


def columns_of(options: Mapping[str, Any]) -> list[TableColumn]:
    """Read the columns of an index or a preparation from JSON; may be empty."""
    found = []
    for column in options.get("columns", ()):
        values: dict[str, Any] = {
            of.name: column[of.name] for of in fields(TableColumn) if of.name in column
        }
        values["missing"] = tuple(values.get("missing", ()))
        found.append(TableColumn(**values))
    return found


def as_options(columns: Iterable[TableColumn]) -> dict[str, Any]:
    """Convert columns to JSON; see `columns_of`."""
    return {"columns": [column.as_json() for column in columns]}
