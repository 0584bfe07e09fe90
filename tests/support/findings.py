"""data/findings with what a test says was found, and nothing else."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.dataset.findings import SCHEMAS, table_of, write_findings


def write_found(
    folder: Path, tables: dict[str, pa.Table | list[tuple[Any, ...]]] | None = None, **about: Any
) -> None:
    """Write all tables of findings: `tables`, which may be rows, and empty ones."""
    found = {name: schema.empty_table() for name, schema in SCHEMAS.items()}
    for name, table in (tables or {}).items():
        found[name] = table_of(name, table) if isinstance(table, list) else table
    write_findings(folder, found, **about)
