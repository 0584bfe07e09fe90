"""data/findings with what a test says was found, and nothing else."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.dataset.findings import SCHEMAS, removed_schema, table_of, write_findings
from pipeline.targets.classes.noise.schemas import SCHEMAS as OF_CLASSES
from tests.support.image_schema import RAW_SCHEMA


def write_found(
    folder: Path, tables: dict[str, pa.Table | list[tuple[Any, ...]]] | None = None, **about: Any
) -> None:
    """Write all tables of findings: `tables`, which may be rows, and empty ones."""
    schemas = {"removed": removed_schema(RAW_SCHEMA), **SCHEMAS, **OF_CLASSES}
    found = {name: schema.empty_table() for name, schema in schemas.items()}
    for name, table in (tables or {}).items():
        found[name] = table_of(schemas[name], table) if isinstance(table, list) else table
    write_findings(folder, found, OF_CLASSES, **about)
