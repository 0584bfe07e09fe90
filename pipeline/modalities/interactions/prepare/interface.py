"""The names of modalities/protocols/prepare.py, for interactions."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipeline.modalities.interactions.content.events import (
    MEASUREMENTS,
    WORDS,
    event_taken,
    who_and_what,
)
from pipeline.modalities.interactions.prepare.files import SUFFIXES, examples_in
from pipeline.modalities.interactions.prepare.preparing import prepare
from pipeline.modalities.interactions.prepare.sources import events
from pipeline.modalities.interactions.prepare.tally import EventTally
from pipeline.modalities.prepared import UnreadFormat
from pipeline.runtime.errors import SourceError
from pipeline.sources.source import Source

__all__ = ["MEASUREMENTS", "SUFFIXES", "WORDS", "event_taken", "examples_in", "prepare"]

NOUN = "event"
CONTENT = {"event": "string"}  # JSON
FEATURES: dict[str, str] = {}
METADATA: tuple[str, ...] = ()
PERSONAL_METADATA: tuple[str, ...] = ()
FORMATS = "the id of a user, or a table with a column of users"
UNREAD_SUFFIXES = frozenset({".xlsx", ".xls", ".ods", ".sav", ".dta", ".feather", ".arrow"})
USUAL_NAMES: tuple[str, ...] = ()
SOURCES = {"events": events}


def owner(content: str) -> str:
    """The user of a request or an event as data/raw has it; empty for nobody."""
    return who_and_what(content)[0]


def may_hold(kind: pa.DataType) -> bool:
    return False


def begins_like_one(start: bytes) -> bool:
    return start.startswith(b"PAR1")


def open_builtin(uri: str) -> Source:
    raise SourceError(
        f"uri {uri} names no built-in dataset of interactions",
        fix="name a file, or take an entry of data/catalog such as movielens-100k",
    )


def options(entry: Any) -> dict[str, Any]:
    """What is read how is found in the source, which knows the entry."""
    return {}


def unread_format(content: bytes) -> UnreadFormat | None:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return UnreadFormat("a sheet of a spreadsheet", "save it as CSV UTF-8")
    return None


def trace(content: Mapping[str, Any]) -> bytes:
    """An id may be short, and of somebody else elsewhere: nothing to search files for."""
    return b""


def new_tally() -> EventTally:
    return EventTally()
