"""The tables of a model as CSV, for `dvc plots` and for people."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.table import damaged
from pipeline.report.evaluation import EvaluationTables

Row = Mapping[str, Any]
Table = tuple[Sequence[str], list[list[str | int]]]
"""A header and its rows."""

COLUMNS = {
    "confusion": ["actual", "predicted", "count"],
    "classes": ["class", "support", "precision", "recall", "f1", "recall_low", "recall_high"],
    "calibration": ["confidence", "accuracy", "count"],
    "intervals": ["metric", "value", "low", "high"],
    "slices": ["slice", "rule", "count", "accuracy", "low", "high"],
    "robustness": ["corruption", "strength", "accuracy", "low", "high"],
}


def csv_tables(evaluation: EvaluationTables) -> dict[str, Table]:
    """The tables of an evaluation by the names of their files; each fraction has six digits.

    Calibration is that before temperature scaling.
    """
    rows = {
        "confusion": evaluation.confusion_counts,
        "classes": evaluation.by_class,
        "calibration": evaluation.reliability(scaled=False),
        "intervals": evaluation.intervals,
        "slices": evaluation.slices,
        "robustness": evaluation.robustness,
    }
    return {name: _table(COLUMNS[name], rows[name], ".6f") for name in COLUMNS}


def epoch_table(rows: Sequence[Row]) -> Table:
    """A row per epoch, at least one, each fraction with six significant digits."""
    return _table(list(rows[0]), rows, ".6g")


def read_rows(path: Path) -> list[Row]:
    """The rows of a Parquet file, with page checksums verified.

    Raises:
        MissingInput: it is damaged.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows: list[Row] = file.read().to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, str(error)) from None
    return rows


def write_csv(path: Path, table: Table) -> None:
    header, rows = table
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _table(columns: Sequence[str], rows: Iterable[Row], spec: str) -> Table:
    return columns, [[_cell(row[column], spec) for column in columns] for row in rows]


def _cell(value: Any, spec: str) -> str | int:
    return format(value, spec) if isinstance(value, float) else value
