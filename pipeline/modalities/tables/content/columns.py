"""Columns of a table: what kind of values each has, and how they are written in the source."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

NUMBER, CATEGORY, BOOLEAN, DATE = "number", "category", "boolean", "date"
KINDS = (NUMBER, CATEGORY, BOOLEAN, DATE)
IS_NUMERIC = {NUMBER: True, DATE: True, CATEGORY: False, BOOLEAN: False}
"""Whether values of a kind are numbers for a network: a date is its days since 1970."""


@dataclass(frozen=True)
class TableColumn:
    """A column, and all that it takes to read a value of it; predict reads as ingest did."""

    name: str
    kind: str
    is_input: bool = True
    """Whether networks see it; else it is there to report on."""
    decimal: str = "."
    thousands: str = ","
    """What may stand between thousands, as blanks may."""
    order: str = "year"
    """Of a date: which of `day`, `month` and `year` comes first."""
    pivot: int = 29
    """Of two digits of a year, those up to it are after 2000."""
    missing: tuple[str, ...] = ()
    """Values that stand for none."""
    spellings: Mapping[str, str] = field(default_factory=dict)
    """Of a category, by how a text folds: the spelling that counts, where it has several."""

    def as_json(self) -> dict[str, Any]:
        """All that is not as it usually is."""
        usual = TableColumn("", "")
        values = {name: v for name, v in asdict(self).items() if v != getattr(usual, name)}
        if self.missing:
            values["missing"] = list(self.missing)
        return values


def columns_of(options: Mapping[str, Any]) -> list[TableColumn]:
    """The columns of an index or a preparation, from JSON; none where it says none."""
    found = []
    for said in options.get("columns", ()):
        values: dict[str, Any] = {
            of.name: said[of.name] for of in fields(TableColumn) if of.name in said
        }
        values["missing"] = tuple(values.get("missing", ()))
        found.append(TableColumn(**values))
    return found


def as_options(columns: Iterable[TableColumn]) -> dict[str, Any]:
    """Columns as JSON; see `columns_of`."""
    return {"columns": [column.as_json() for column in columns]}
