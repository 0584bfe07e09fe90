"""The part of a modality for ingest, add, predict and forget: from a content to an example.

A content is the bytes of the source: of a file, or of a cell of a table.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import pyarrow as pa

from pipeline.dataset.measurement import Measurement
from pipeline.modalities.prepared import Prepared, UnreadFormat
from pipeline.sources.places.files import Files
from pipeline.sources.source import Source

ContentIndex = dict[str, Any]
"""Common properties of the examples, as JSON, such as `{"image_size": [8, 8], "channels": 1}`. It
is the key `content` of the indexes of data/raw and data/clean."""


class Tally(Protocol):
    """Counts of the content of a dataset, taken while its rows pass by.

    Memory grows with the distinct values, not with the rows.
    """

    def add(self, table: pa.Table) -> None:
        """Count rows of data/raw that can be used; their content need not be there."""
        ...

    def index(self, entry: Any) -> ContentIndex:
        """The content index of data/raw, from the counts and the entry."""
        ...

    def remarks(self, entry: Any) -> list[str]:
        """Sentences for ingest to print, mostly none."""
        ...

    def headline(self) -> str:
        """A few words for the first line of a new entry: `all 8 x 8 pixels, 1 channel`."""
        ...

    def summary(self) -> str:
        """A line for people who add a dataset: `sizes: all 8 x 8; modes: L`."""
        ...

    def entry_lines(self) -> list[str]:
        """Lines of YAML for a new entry, of the keys that the modality adds to it."""
        ...

    def oddities(self) -> list[str]:
        """A sentence for each thing that looks suspicious."""
        ...

    def decisions(self) -> list[str]:
        """Decisions for a person: `key: question`."""
        ...


class SourceKind(Protocol):
    """A module for a kind of files that only this modality has."""

    def recognises(self, files: Files) -> bool: ...

    def open_source(self, entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
        """Look at the files and open them.

        Args:
            entry: the catalog entry.
            max_bytes: limit of a content; no larger one is read.
            labels: the target's, see targets/protocols/labels.py.

        Raises:
            SourceError: they are damaged, or of another form.
        """
        ...


class JoiningKind(SourceKind, Protocol):
    """One that reads what came back from serving together with its own."""

    def open_joined(
        self, entry: Any, files: Files, labels: Any, collected: pa.Table | None
    ) -> Source:
        """See `open_source`; `collected` is in `example_schema`."""
        ...


class Prepare(Protocol):
    """The names of `modalities/<name>/prepare/interface.py`; no torch there.

    In an entry, `columns` has a key with the name of the first column of CONTENT: the column of a
    source that has the content or names its file.

    Where an example is an event, it has the names of `PrepareEvents` too.
    """

    NOUN: str
    """Name of an example: `image`."""
    CONTENT: Mapping[str, str]
    """Columns of data/raw with the content of an example, with the names of their Arrow types.
    Sources give bytes under the name of the first."""
    FEATURES: Mapping[str, str]
    """Features of Hugging Face `datasets` for columns of CONTENT, such as `image`; other columns
    are read by their types."""
    MEASUREMENTS: Sequence[Measurement]
    WORDS: Sequence[str]
    """Further columns: one of a few words for each example."""
    METADATA: Sequence[str]
    """Kinds of metadata that reports/ingest.json counts, of those that `prepare` removes."""
    PERSONAL_METADATA: Sequence[str]
    """Kinds of which `add` warns."""
    FORMATS: str
    """The formats in words: `an image in one of JPEG, PNG`."""
    SUFFIXES: frozenset[str]
    """Suffixes of files that are examples, in lower case, with their dot."""
    UNREAD_SUFFIXES: frozenset[str]
    """Suffixes, likewise, of examples in formats that are not read: they are not skipped, and each
    is refused by name."""
    USUAL_NAMES: Sequence[str]
    """Usual names of the column of contents in a manifest, the best first."""
    SOURCES: Mapping[str, SourceKind]
    """Kinds of sources that only this modality has; they are tried before those that all have."""

    def may_hold(self, kind: pa.DataType) -> bool:
        """Whether a column of this type may hold contents, rather than name their files."""
        ...

    def begins_like_one(self, start: bytes) -> bool:
        """Whether a file without the suffix of an example begins like one.

        Args:
            start: its first 64 bytes, or fewer.
        """
        ...

    def open_builtin(self, uri: str) -> Source:
        """Open a dataset that comes inside an installed package: `builtin:digits`.

        Raises:
            SourceError: there is none of that name.
        """
        ...

    def prepare(self, contents: Sequence[bytes | None], limits: Any) -> Prepared:
        """Convert contents to the form of data/raw, strip their metadata and measure them.

        A pure function of each content, which never raises for a bad one but records its problem.

        Args:
            contents: those of the source; None for missing ones.
            limits: has the fields of the section `ingest` of params.yaml, and `options`.
        """
        ...

    def examples_in(self, path: Path, limits: Any) -> list[tuple[str, bytes]] | None:
        """Contents of a file of several examples, each with a name, such as `row 3`; None if the
        file is, or may be, one example.

        `limits` as in `prepare`, with the options by which the model was trained.

        Raises:
            SourceError: it cannot be read, or has other examples.
        """
        ...

    def options(self, entry: Any) -> dict[str, Any]:
        """The entry's options for reading contents, as JSON, by key; may be empty.

        If there are any, the content index and the preparation have them under `options`, so
        that predict reads as ingest did.
        """
        ...

    def unread_format(self, content: bytes) -> UnreadFormat | None:
        """The format of a content that is known and not read; None for any other."""
        ...

    def trace(self, content: Mapping[str, Any]) -> bytes:
        """Bytes that identify this content of data/raw in any file.

        Empty if there are none, such as for null; see dataset/traces.py.
        """
        ...

    def new_tally(self) -> Tally: ...


class PrepareEvents(Prepare, Protocol):
    """Further names where an example is an event; SOURCES are of `JoiningKind`."""

    def owner(self, content: str) -> str:
        """Who a request is about, or who an event is of; empty for nobody."""
        ...

    def event_taken(self, content: str, label: str, time: str) -> str:
        """The event that the owner of a request took what the label says, then."""
        ...


def of_events(prepare: Prepare) -> PrepareEvents | None:
    """The same where an example is an event; else None."""
    return cast("PrepareEvents", prepare) if hasattr(prepare, "event_taken") else None


def content_column(prepare: Prepare) -> str:
    """The column of data/raw whose name sources use for contents."""
    return next(iter(prepare.CONTENT))
