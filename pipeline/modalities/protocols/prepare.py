"""What a modality has for ingest, add, predict, forget: from a content to an example of data/raw.

A content is bytes as the source has them: of a file, or of a cell of a table.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from pipeline.dataset.measurement import Measurement
from pipeline.modalities.prepared import Prepared, UnreadFormat
from pipeline.sources.places.files import Files
from pipeline.sources.source import Source

ContentIndex = dict[str, Any]
"""What the examples have in common, as JSON, such as `{"image_size": [8, 8], "channels": 1}`. It
stands under `content` in the indexes of data/raw and data/clean."""


class Tally(Protocol):
    """What is seen of the content of a dataset while its rows pass by.

    Memory grows with the different values, not with the rows.
    """

    def add(self, table: pa.Table) -> None:
        """Count rows of data/raw that can be used; their content need not be there."""
        ...

    def index(self, entry: Any) -> ContentIndex:
        """What the index of data/raw says, by what was counted and what the entry wants."""
        ...

    def remarks(self, entry: Any) -> list[str]:
        """What ingest says about it: sentences, mostly none."""
        ...

    def headline(self) -> str:
        """A few words for the first line of a new entry: `all 8 x 8 pixels, 1 channel`."""
        ...

    def summary(self) -> str:
        """A line for those who add a dataset: `sizes: all 8 x 8; modes: L`."""
        ...

    def entry_lines(self) -> list[str]:
        """Lines of YAML for a new entry, of the keys that the modality adds to it."""
        ...

    def oddities(self) -> list[str]:
        """A sentence for each thing that looks suspicious."""
        ...

    def decisions(self) -> list[str]:
        """What only a person can decide: `key: question`."""
        ...


class SourceKind(Protocol):
    """A kind of files that only this modality has, a module."""

    def recognises(self, files: Files) -> bool: ...

    def open_source(self, entry: Any, files: Files, max_bytes: float, labels: Any) -> Source:
        """Look at the files and open them.

        Args:
            entry: of the catalog.
            max_bytes: of a content; no larger one is read.
            labels: of the target, as targets/protocols/labels.py says.

        Raises:
            SourceError: they are damaged, or of another form.
        """
        ...


class Prepare(Protocol):
    """The names of `modalities/<name>/prepare/interface.py`; no torch there.

    In an entry, `columns` has a key of the name of the first column of CONTENT, which tells the
    column of a source that has the content or names its file.
    """

    NOUN: str
    """What an example is called: `image`."""
    CONTENT: Mapping[str, str]
    """Columns of data/raw that an example is in, with their types by their names in Arrow. Sources
    give bytes under the name of the first."""
    FEATURES: Mapping[str, str]
    """What Hugging Face `datasets` makes of columns of CONTENT, by the names of its features, such
    as `image`; of others it makes what their types are."""
    MEASUREMENTS: Sequence[Measurement]
    WORDS: Sequence[str]
    """Further columns: a word out of few for each example."""
    METADATA: Sequence[str]
    """Kinds of metadata that reports/ingest.json counts, of those that `prepare` removes."""
    PERSONAL_METADATA: Sequence[str]
    """Those of which `add` warns."""
    FORMATS: str
    """What a file may be, for people: `an image in one of JPEG, PNG`."""
    SUFFIXES: frozenset[str]
    """Suffixes of files that are examples, in small letters, with their dot."""
    UNREAD_SUFFIXES: frozenset[str]
    """Suffixes of files that would be examples if their formats were read, likewise: they are not
    passed over, and each is refused by name."""
    USUAL_NAMES: Sequence[str]
    """What the column of a manifest is usually called that names contents, the best name first."""
    SOURCES: Mapping[str, SourceKind]
    """Kinds of sources that only this modality has; they are asked before those that all have."""

    def may_hold(self, kind: pa.DataType) -> bool:
        """Whether a column of this type may hold contents, rather than name their files."""
        ...

    def begins_like_one(self, start: bytes) -> bool:
        """Whether a file that is not called an example but begins so may be one.

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
        """Contents in the form that data/raw has, stripped of metadata and measured.

        A pure function of each content, which never raises for a wrong one: that is its problem.

        Args:
            contents: as the source has them; None where there is none.
            limits: has what the section `ingest` of params.yaml has, and `options`.
        """
        ...

    def examples_in(self, path: Path, limits: Any) -> list[tuple[str, bytes]] | None:
        """Contents of a file that holds several examples, each with what to call it: `row 3`; None
        of one that is an example, or may be.

        `limits` as in `prepare`, with the options by which the model was trained.

        Raises:
            SourceError: it cannot be read, or holds other examples.
        """
        ...

    def options(self, entry: Any) -> dict[str, Any]:
        """What an entry says of how contents are read, as JSON, by key; empty when it says nothing.

        Where there are any, the content index and the preparation have them under `options`, so
        that predict reads as ingest did.
        """
        ...

    def unread_format(self, content: bytes) -> UnreadFormat | None:
        """The format of a content that is known and not read; None for any other."""
        ...

    def trace(self, content: Mapping[str, Any]) -> bytes:
        """Bytes that are in every file with this content, as data/raw has it, and in no other.

        Empty where there are none, such as for null; see dataset/traces.py.
        """
        ...

    def new_tally(self) -> Tally: ...


def content_column(prepare: Prepare) -> str:
    """The column of data/raw under whose name sources give contents."""
    return next(iter(prepare.CONTENT))
