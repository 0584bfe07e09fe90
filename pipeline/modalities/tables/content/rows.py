"""The stored form of a row: a JSON object, a value for each column, null for none."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, NoReturn

from pipeline.dataset.measurement import Measurement
from pipeline.modalities.prepared import Unusable
from pipeline.modalities.tables.content.columns import BOOLEAN, CATEGORY, NUMBER, TableColumn
from pipeline.modalities.tables.content.values import Value, number, reader_of

MEASUREMENTS = (Measurement("missing", "float32", low=0, high=1, compared=True),)
WORDS: tuple[str, ...] = ()
MAX_CELLS = 10_000

Row = dict[str, Value]


class Readers(NamedTuple):
    """Functions that read the cells of each column, by its name, in order."""

    by_name: dict[str, Callable[[Any], Value]]


def readers_of(columns: Iterable[TableColumn]) -> Readers:
    return Readers({column.name: reader_of(column) for column in columns})


def parse_row(content: str | bytes, readers: Readers | None = None) -> Row:
    """Parse a row; values are in the order of the readers, or without readers of its keys.

    Raises:
        Unusable: it is not a row, or a cell does not fit its column.
    """
    cells = _cells(content)
    if readers is None:
        row = {name: _plain(cell, name) for name, cell in cells.items()}
    else:
        row = {name: _read(read, cells.get(name), name) for name, read in readers.by_name.items()}
    if all(value is None for value in row.values()):
        raise Unusable("no value in any column")
    return row


def write_row(row: Row) -> str:
    """Write a row for data/raw; the same values in the same order give the same text."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read_row(text: str | None) -> Row:
    """Read a row of data/raw, written by `write_row`; null has no values."""
    return json.loads(text) if text else {}


def kind_of(values: Iterable[Value]) -> str:
    """The kind of a column, from some of its values."""
    found = {type(value) for value in values if value is not None}
    if found and found <= {int, float}:
        return NUMBER
    return BOOLEAN if found == {bool} else CATEGORY


def look_at(rows: Iterable[Row]) -> list[TableColumn]:
    """Detect the columns of unknown rows, sorted by name."""
    kinds: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set()).update({kind_of([value])} if value is not None else ())
    return [
        TableColumn(name, kinds[name].pop() if len(kinds[name]) == 1 else CATEGORY)
        for name in sorted(kinds)
    ]


def share_missing(row: Row) -> float:
    return sum(value is None for value in row.values()) / max(1, len(row))


def column_values(rows: Sequence[Row], name: str) -> list[Value]:
    return [row.get(name) for row in rows]


def _cells(content: str | bytes) -> dict[str, Any]:
    try:
        cells = json.loads(content, parse_constant=_refuse, object_pairs_hook=_once)
        json.dumps(cells, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Unusable(f"no row in JSON ({type(error).__name__})") from None
    if not isinstance(cells, dict) or not cells:
        raise Unusable("no JSON object with a value for each column")
    if len(cells) > MAX_CELLS:
        raise Unusable(f"{len(cells)} columns, more than {MAX_CELLS}")
    return cells


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a column is there twice")
    return found


def _plain(cell: Any, name: str) -> Value:
    if isinstance(cell, str):
        return cell.strip() or None
    if cell is None or isinstance(cell, bool):
        return cell
    return _read(number, cell, name)


def _read(read: Callable[[Any], Value], cell: Any, name: str) -> Value:
    try:
        return read(cell)
    except (ValueError, TypeError) as error:
        raise Unusable(f"column {_shown(name)}: {_shown(str(error))}") from None


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:100].strip() or "without a name"
