"""Where examples come from: one module a kind, with `recognises(uri)` and `open_source(entry)`.

A source looks first (which files, which classes) and then streams its examples, so that
memory stays flat whatever the size of the data.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.runtime.errors import SourceError

EXAMPLE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("image", pa.binary()),
        pa.field("label", pa.string()),
        pa.field("split", pa.string()),
        pa.field("group", pa.string()),
    ]
)

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "validation": "val",
    "valid": "val",
    "val": "val",
    "dev": "val",
    "test": "test",
}


class Source(NamedTuple):
    classes: list[str]
    """Class names in the order of their indices."""
    num_examples: int
    splits: frozenset[str]
    """Which of train, val and test the source itself tells apart; empty for none."""
    tables: Iterator[pa.Table]
    """The examples, in EXAMPLE_SCHEMA, a few thousand at a time."""


def open_source(entry: Entry) -> Source:
    """Find out what kind of source `entry` names, and open it.

    Raises:
        SourceError: nothing is there, or no kind recognises it.
    """
    from pipeline.dataset.sources import builtin, parquet

    kinds: dict[str, ModuleType] = {"builtin": builtin, "parquet": parquet}
    recognised = [name for name, module in kinds.items() if module.recognises(entry.uri)]
    kind = entry.kind if entry.kind != "auto" else next(iter(recognised), None)
    if kind is None and "://" not in entry.uri and not Path(entry.uri).exists():
        raise SourceError(f"uri {entry.uri} does not exist", fix="correct it in the catalog entry")
    if kind is None:
        raise SourceError(
            f"uri {entry.uri} is of no known kind, or not there; known: {', '.join(kinds)}",
            fix="check uri in the catalog entry",
        )
    for algorithm in ("sha256", "md5"):
        if expected := getattr(entry, algorithm):
            _verify(entry.uri, algorithm, expected)
    source: Source = kinds[kind].open_source(entry)
    return source


def _verify(uri: str, algorithm: str, expected: str) -> None:
    if not Path(uri).is_file():
        raise SourceError(
            f"{algorithm} is given, but uri {uri} is no single file",
            fix=f"remove {algorithm} from the catalog entry",
        )
    with Path(uri).open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != expected:
        raise SourceError(
            f"{uri} has the {algorithm} {found}, expected {expected}",
            fix=f"fetch it again, or correct {algorithm} in the catalog entry",
        )
