"""The tables of data/findings as CSV lists, for people and for `dvc plots`."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.dataset.table import read_index
from pipeline.dataset.tables import read_table

LISTS = {  # file, table, and how many digits its numbers have
    "label_issues": ("suspected", 6),
    "label_noise": ("noise", 6),
    "duplicates": ("duplicates", 4),
    "outliers": ("outliers", 4),
    "annotators": ("annotators", 6),
    "agreement": ("agreement", 6),
    "relabel_queue": ("relabel_queue", 6),
}


def write_lists(folder: Path, findings: Path) -> None:
    """Write each list of LISTS, and how often which label is suspected to be which."""
    for name, (table, digits) in LISTS.items():
        write_csv(folder / f"{name}.csv", read_table(findings, table), digits)
    classes = read_index(findings)["classes"]
    counts = confusions(read_table(findings, "suspected"), classes)
    write_csv(folder / "label_confusion.csv", counts)


def confusions(suspected: pa.Table, classes: Sequence[str]) -> pa.Table:
    """How many suspected labels there are of each pair of classes, in the order of the classes."""
    pairs = zip(suspected["given"].to_pylist(), suspected["proposed"].to_pylist(), strict=True)
    number = {name: place for place, name in enumerate(classes)}
    counts = sorted(Counter(pairs).items(), key=lambda item: tuple(map(number.get, item[0])))
    return pa.table(
        {
            "given": pa.array([given for (given, _), _ in counts], pa.string()),
            "proposed": pa.array([proposed for (_, proposed), _ in counts], pa.string()),
            "count": pa.array([count for _, count in counts], pa.int64()),
        }
    )


def write_csv(path: Path, table: pa.Table, digits: int = 6) -> None:
    """Write a table: numbers with so many digits, yes or no, and nothing for null."""

    def cell(value: Any) -> Any:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return f"{value:.{digits}f}" if isinstance(value, float) else value

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            writer.writerow(map(cell, row))
