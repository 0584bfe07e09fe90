"""The tables of a model as CSV, for `dvc plots` and for people."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.targets.protocols.card import TableRows

Table = tuple[Sequence[str], list[list[str | int]]]
"""A header and its rows."""


def table(columns: Sequence[str], rows: TableRows) -> Table:
    """A table of these columns, each fraction to six digits."""
    return _table(columns, rows, ".6f")


def epoch_table(rows: TableRows) -> Table:
    """A row per epoch, at least one, each fraction with six significant digits."""
    return _table(list(rows[0]), rows, ".6g")


def figure_tables(rows: TableRows) -> dict[str, Table]:
    """Tables by epoch of train and validation, one for each figure except the loss, by its name.

    DVC warns of a plot whose column is missing, but leaves out a plot whose file is missing: so the
    figures of one target are in a separate file.
    """
    names = [name.removeprefix("val_") for name in rows[0] if name.startswith("val_")]
    columns = {name: ["epoch", f"train_{name}", f"val_{name}"] for name in names if name != "loss"}
    return {
        name: _table(of, rows, ".6g") for name, of in columns.items() if set(of) <= set(rows[0])
    }


def write_csv(path: Path, table: Table) -> None:
    header, rows = table
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _table(columns: Sequence[str], rows: TableRows, spec: str) -> Table:
    return columns, [[_cell(row[column], spec) for column in columns] for row in rows]


def _cell(value: Any, spec: str) -> str | int:
    return format(value, spec) if isinstance(value, float) else value
