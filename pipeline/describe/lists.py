"""The tables of data/findings as CSV lists, for people and for `dvc plots`."""

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.dataset.tables import read_table
from pipeline.targets.protocols.describe import Describe
from pipeline.targets.protocols.labels import TargetIndex

LISTS = {  # file, table, and digits of its numbers
    "label_issues": ("suspected", 6),
    "duplicates": ("duplicates", 4),
    "outliers": ("outliers", 4),
}


def write_lists(folder: Path, findings: Path, target: Describe, index: TargetIndex) -> None:
    """Write each list of LISTS, and those of the target."""
    for name, (table, digits) in {**LISTS, **target.LISTS}.items():
        write_csv(folder / f"{name}.csv", read_table(findings, table), digits)
    suspected = read_table(findings, "suspected")
    for name, sums in target.suspected_lists(suspected, index).items():
        write_csv(folder / f"{name}.csv", sums)


def write_csv(path: Path, table: pa.Table, digits: int = 6) -> None:
    """Write a table: numbers with `digits` digits, yes or no, and nothing for null."""

    def cell(value: Any) -> Any:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:.{digits}f}" if isinstance(value, float) else value

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            writer.writerow(map(cell, row))
