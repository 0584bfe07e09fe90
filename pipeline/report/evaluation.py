"""The results of evaluate, read from data/evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.table import read_index
from pipeline.dataset.tables import read_table
from pipeline.report.slices import named

TableRows = Sequence[Mapping[str, Any]]
"""The rows of a table, by the names of its columns."""


@dataclass(frozen=True)
class EvaluationTables:
    """Tables as rows, and the values beside them."""

    summary: Mapping[str, Any]
    """The index of data/evaluation: classes, temperature, numbers of examples left out …"""
    intervals: TableRows
    """metric, value, low, high: each metric with its 95 % interval."""
    by_class: TableRows
    """class, support, precision, recall, f1, recall_low, recall_high."""
    slices: TableRows
    """slice, rule, count, accuracy, low, high; the first is of all test examples."""
    robustness: TableRows
    """corruption, strength, accuracy, low, high; the first is of uncorrupted images, and there is
    no row where no image was corrupted."""
    calibration: TableRows
    """scaled, confidence, accuracy, count: bins before and after temperature scaling."""
    confusion_counts: TableRows
    """actual, predicted, count; of K classes K * K rows."""
    mistakes: TableRows
    """id, label, predicted, confidence; those of highest confidence first."""

    @property
    def classes(self) -> list[str]:
        return list(self.summary["classes"])

    @property
    def num_examples(self) -> int:
        return int(self.slices[0]["count"])

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Counts `(K, K)`: row the true class, column the predicted one."""
        counts = np.array([row["count"] for row in self.confusion_counts], np.int64)
        return counts.reshape(len(self.classes), len(self.classes))

    @property
    def worst_class(self) -> Mapping[str, Any]:
        """The row of the class of lowest recall, of those that have test examples."""
        there = [row for row in self.by_class if row["support"]]
        return min(there, key=lambda row: row["recall"])

    def metric(self, name: str) -> float:
        return float(next(row["value"] for row in self.intervals if row["metric"] == name))

    def reliability(self, *, scaled: bool) -> TableRows:
        return [row for row in self.calibration if row["scaled"] == scaled]


def read_evaluation(folder: Path) -> EvaluationTables:
    """Read the folder that evaluate wrote.

    Raises:
        MissingInput: it is not whole, or a table is damaged.
    """

    def rows(name: str) -> TableRows:
        table: list[dict[str, Any]] = read_table(folder, name).to_pylist()
        return table

    summary = read_index(folder)
    return EvaluationTables(
        summary=summary,
        intervals=rows("intervals"),
        by_class=rows("classes"),
        slices=[named(row, summary["min_slice_examples"]) for row in rows("slices")],
        robustness=rows("robustness"),
        calibration=rows("calibration"),
        confusion_counts=rows("confusion"),
        mistakes=rows("mistakes"),
    )
