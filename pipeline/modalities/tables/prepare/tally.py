"""Counts of rows of a table while they pass by: missing values."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


class RowTally:
    """Counts over usable rows; see modalities/protocols/prepare.py. The source, which reads columns
    whole, finds their types."""

    def __init__(self) -> None:
        self.num_rows = 0
        self.num_incomplete = 0
        self.sum_missing = 0.0

    def add(self, table: pa.Table) -> None:
        missing = table["missing"].cast(pa.float64())
        self.num_rows += table.num_rows
        self.num_incomplete += pc.sum(pc.greater(missing, 0)).as_py() or 0
        self.sum_missing += pc.sum(missing).as_py() or 0.0

    def index(self, entry: Any) -> dict[str, Any]:
        return {}

    def remarks(self, entry: Any) -> list[str]:
        return []

    def headline(self) -> str:
        share = round(100 * self.sum_missing / max(1, self.num_rows), 1)
        return f"{share:g} % of their values missing"

    def summary(self) -> str:
        return f"rows: {self.num_rows}, of which {self.num_incomplete} lack a value"

    def entry_lines(self) -> list[str]:
        return []

    def oddities(self) -> list[str]:
        return []

    def decisions(self) -> list[str]:
        return []
