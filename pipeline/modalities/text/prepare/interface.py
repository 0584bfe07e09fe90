"""The names of modalities/protocols/prepare.py, for texts."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipeline.modalities.prepared import UnreadFormat
from pipeline.modalities.text.content.measurements import MEASUREMENTS, WORDS
from pipeline.modalities.text.content.personal import KINDS
from pipeline.modalities.text.prepare.files import examples_in
from pipeline.modalities.text.prepare.preparing import prepare
from pipeline.modalities.text.prepare.sources import texts
from pipeline.modalities.text.prepare.sources.builtin import open_builtin
from pipeline.modalities.text.prepare.sources.names import USUAL_TEXTS
from pipeline.modalities.text.prepare.tally import TextTally

__all__ = ["MEASUREMENTS", "WORDS", "examples_in", "open_builtin", "prepare"]

NOUN = "text"
CONTENT = {"text": "string"}
FEATURES: dict[str, str] = {}
METADATA = tuple(sorted(KINDS))  # counted where they were replaced
PERSONAL_METADATA: tuple[str, ...] = ()
FORMATS = "a text in UTF-8, or a table of texts in CSV, TSV, JSON Lines or Parquet"
SUFFIXES = frozenset({".txt"})
UNREAD_SUFFIXES = frozenset({".pdf", ".doc", ".docx", ".odt", ".rtf", ".epub", ".eml", ".msg"})
USUAL_NAMES = USUAL_TEXTS
SOURCES = {"texts": texts}
MAGIC = (
    (b"%PDF", UnreadFormat("a PDF file", "pdftotext")),
    (b"PK\x03\x04", UnreadFormat("a document of a word processor", "save it as plain text")),
    (b"\xd0\xcf\x11\xe0", UnreadFormat("a document of Word", "save it as plain text")),
    (b"{\\rtf", UnreadFormat("an RTF document", "save it as plain text")),
)


def may_hold(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def begins_like_one(start: bytes) -> bool:
    return False


def options(entry: Any) -> dict[str, Any]:
    return {}


def unread_format(content: bytes) -> UnreadFormat | None:
    return next((known for magic, known in MAGIC if content.startswith(magic)), None)


def trace(content: Mapping[str, Any]) -> bytes:
    return (content["text"] or "").encode()


def new_tally() -> TextTally:
    return TextTally()
