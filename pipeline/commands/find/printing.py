"""Rows of a query for a terminal, as CSV, and as ids."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from pipeline.commands.find.database import Result
from pipeline.dataset.rows import safe_cell
from pipeline.runtime.errors import one_line

MOST_CHARACTERS = 48  # of a cell
MOST_VALUES = 4  # of a list


def as_table(result: Result) -> Iterator[str]:
    """Lines with the columns below each other."""
    rows = [[cell(value) for value in row] for row in result.rows]
    columns = list(zip(map(one_line, result.columns), *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        yield "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()


def cell(value: Any) -> str:
    """A value in few characters, of which nothing drives a terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list | tuple):
        more = ", ..." if len(value) > MOST_VALUES else ""
        return f"[{', '.join(map(cell, value[:MOST_VALUES]))}{more}]"
    text = one_line(str(value))
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."


def write_csv(file: TextIO, result: Result) -> None:
    """All values; text that a spreadsheet would take for a formula begins with a quote."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(safe_cell, result.columns))
    writer.writerows(map(csv_cell, row) for row in result.rows)


def csv_cell(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return safe_cell(value) if isinstance(value, str) else value


def print_ids(ids: Iterable[str]) -> None:
    """Ids, one a line: as they are, but on a terminal, which some of them could drive."""
    shown = map(one_line, ids) if sys.stdout.isatty() else ids
    sys.stdout.writelines(f"{id}\n" for id in shown)


def first_of(rows: Iterable[Sequence[Any]]) -> Iterator[Any]:
    """The first value of each row."""
    return (row[0] for row in rows)
