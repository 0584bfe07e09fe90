"""The names of modalities/protocols/prepare.py, for tables."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipeline.modalities.prepared import UnreadFormat
from pipeline.modalities.tables.content.rows import MEASUREMENTS, WORDS
from pipeline.modalities.tables.prepare.files import examples_in
from pipeline.modalities.tables.prepare.preparing import prepare
from pipeline.modalities.tables.prepare.sources import table
from pipeline.modalities.tables.prepare.sources.builtin import open_builtin
from pipeline.modalities.tables.prepare.tally import RowTally

__all__ = ["MEASUREMENTS", "WORDS", "examples_in", "open_builtin", "prepare"]

NOUN = "row"
CONTENT = {"row": "string"}  # JSON: a value for each column
FEATURES: dict[str, str] = {}
METADATA: tuple[str, ...] = ()
PERSONAL_METADATA: tuple[str, ...] = ()
FORMATS = "a table in CSV, TSV, JSON Lines or Parquet"
SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})
UNREAD_SUFFIXES = frozenset(
    {".xlsx", ".xls", ".ods", ".sav", ".dta", ".sas7bdat", ".feather", ".arrow"}
)
USUAL_NAMES: tuple[str, ...] = ()
SOURCES = {"table": table}
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def may_hold(kind: pa.DataType) -> bool:
    return False


def begins_like_one(start: bytes) -> bool:
    return start.startswith(b"PAR1")


def options(entry: Any) -> dict[str, Any]:
    """Empty: the source, which knows the entry, finds how cells are read."""
    return {}


def unread_format(content: bytes) -> UnreadFormat | None:
    if content.startswith((ZIP, OLE)):
        return UnreadFormat("a sheet of a spreadsheet", "save it as CSV UTF-8")
    if content.startswith((b"ARROW1", b"FEA1")):
        return UnreadFormat("an Arrow file", "write it as Parquet")
    return None


def trace(content: Mapping[str, Any]) -> bytes:
    return (content["row"] or "").encode()


def new_tally() -> RowTally:
    return RowTally()
