"""Where examples come from: one module a kind, with `recognises(files)` and `open_source(...)`.

Where the files lie (a folder, a tar, a zip, behind a URL) is one question, which fetch.py and
trees.py answer; what they hold is another, which the kinds answer. A source looks first (which
files, which classes) and then gives its examples as batches that worker processes read, so that
memory stays flat whatever the size of the data.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.dataset.catalog import Entry
from pipeline.dataset.parts import cut_draws, part_ends
from pipeline.dataset.table import file_digest
from pipeline.ingest.sources.places.fetch import (
    fetch_source,
    is_remote,
    local_path,
    without_secrets,
)
from pipeline.ingest.sources.places.trees import Folder, Member, Tree, UnusableFile, open_files
from pipeline.runtime.errors import SourceError

EXAMPLE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("image", pa.binary()),
        pa.field("label", pa.string()),  # class name; null when unlabelled
        pa.field("split", pa.string()),  # train, val or test; null where the source has none
        pa.field("group", pa.string()),
        pa.field("license", pa.string()),  # null where the entry's holds
        pa.field("purposes", pa.string()),  # words with spaces between; null where the entry's hold
        pa.field("source", pa.string()),  # where the image came from; null where it is the uri
        pa.field("problem", pa.string()),  # why there is no image
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
    "testing": "test",
}

EXAMPLES_PER_BATCH = 1536  # usual; where ids say where a batch ends, a third more at most
BYTES_PER_BATCH = 24 << 20

Batch = Callable[[], pa.Table]
"""Reads some examples, in EXAMPLE_SCHEMA; picklable, so that a worker process can."""


class Source(NamedTuple):
    classes: list[str]
    """Class names in the order of their indices."""
    num_examples: int
    splits: frozenset[str]
    """Which of train, val and test the source itself tells apart; empty for none."""
    batches: Iterator[Batch]
    annotations: pa.Table | None = None
    """Several people's labels (id, annotator, label), where the source or the entry has them."""
    kind: str = "builtin"


def examples_table(ids: Sequence[str], **columns: Any) -> pa.Table:
    """A table in EXAMPLE_SCHEMA; what is not given is null."""
    given = {"id": ids} | columns
    return pa.table(
        [
            given[field.name]
            if isinstance(given.get(field.name), pa.Array | pa.ChunkedArray)
            else pa.array(given.get(field.name, [None] * len(ids)), field.type)
            for field in EXAMPLE_SCHEMA
        ],
        schema=EXAMPLE_SCHEMA,
    )


@dataclass(frozen=True)
class FileBatch:
    """A batch of images that are each a file of a tree."""

    tree: Tree
    members: list[Member | str]
    """A string is why there is no file."""
    max_bytes: float
    columns: dict[str, list[str | None]]
    """The other columns of EXAMPLE_SCHEMA, `id` among them."""

    def __call__(self) -> pa.Table:
        images: list[bytes | None] = []
        problems: list[str | None] = []
        for member in self.members:
            data, problem = None, None
            try:
                if isinstance(member, str):
                    raise UnusableFile(member)
                data = self.tree.read(member, self.max_bytes)
            except UnusableFile as error:
                problem = str(error)
            images.append(data)
            problems.append(problem)
        columns: dict[str, Any] = self.columns | {"image": images, "problem": problems}
        return examples_table(**{"ids": columns.pop("id")}, **columns)

    def stamp(self, settled_before: int) -> str | None:
        """A digest that changes when the table does, for which no file is read.

        None in an archive, and when a file changed after `settled_before`, in ns.
        """
        if not isinstance(self.tree, Folder):
            return None
        files = [m for m in self.members if isinstance(m, Member) and not m.problem]
        try:
            stamps = [self.tree.stamp(member) for member in files]
        except OSError:
            return None
        if any(changed >= settled_before for changed, *_ in stamps):
            return None
        what = repr((self.members, self.max_bytes, self.columns, stamps))
        return hashlib.sha256(what.encode("utf-8", "surrogateescape")).hexdigest()


def file_batches(
    tree: Tree,
    members: Sequence[Member | str],
    columns: dict[str, list[str | None]],
    max_bytes: float,
) -> Iterator[FileBatch]:
    """Cut a list of files into batches of about BYTES_PER_BATCH, or EXAMPLES_PER_BATCH if small.

    Where a batch ends, the ids say (cutting.py), so that most stay when files come or go.
    """
    least = BYTES_PER_BATCH // EXAMPLES_PER_BATCH
    sizes = [
        0 if isinstance(member, str) else int(min(member.size, max_bytes)) for member in members
    ]
    draws = cut_draws([id or "" for id in columns["id"]])
    start = 0
    for end in part_ends(draws, np.array(sizes, np.int64).clip(least), BYTES_PER_BATCH):
        part = {name: values[start:end] for name, values in columns.items()}
        yield FileBatch(tree, list(members[start:end]), max_bytes, part)
        start = end


def in_order(names: set[str]) -> list[str]:
    """Class names in the order of their indices: numbers by value, others by letters."""
    return sorted(names, key=lambda name: (int(name) if name.isdecimal() else -1, name))


def open_source(entry: Entry, max_bytes: float = float("inf")) -> Source:
    """Fetch what `entry` names if it is elsewhere, find out its kind, and open it.

    No encoded image of more than `max_bytes` is read.

    Raises:
        SourceError: nothing is there, no kind recognises it, or it is damaged.
    """
    from pipeline.ingest.sources.annotations import fetch_annotations

    source = _open_images(entry, max_bytes)
    if entry.annotations is None:
        return source
    if source.annotations is not None:
        raise SourceError(
            f"{without_secrets(entry.uri)} names annotators, and so does annotations",
            fix="bring all labels into one of them",
        )
    return source._replace(annotations=fetch_annotations(entry.annotations, source.classes))


def _open_images(entry: Entry, max_bytes: float) -> Source:
    from pipeline.ingest.sources.kinds import builtin, cifar, folders, idx, manifest, parquet

    if entry.kind == "builtin" or builtin.recognises(entry.uri):
        return builtin.open_source(entry)
    # In the order of asking: the last ones recognise more.
    kinds: dict[str, ModuleType] = {
        "cifar": cifar,
        "idx": idx,
        "manifest": manifest,
        "parquet": parquet,
        "folders": folders,
    }
    if is_remote(entry.uri):
        path = fetch_source(entry.uri, entry.sha256, entry.md5)
    else:
        path = local_path(entry.uri)
        _verify(entry, path)
    files = open_files(path, without_secrets(entry.uri))
    kind: str = entry.kind
    if kind == "auto":
        recognised = [name for name, module in kinds.items() if module.recognises(files, entry)]
        if not recognised:
            raise SourceError(
                f"uri {entry.uri} is of no known kind; known: {', '.join(['builtin', *kinds])}",
                fix="see docs/bring-your-own-data.md for what a source may look like",
            )
        kind = recognised[0]
    source: Source = kinds[kind].open_source(entry, files, max_bytes)
    return source._replace(kind=kind)


def _verify(entry: Entry, path: Path) -> None:
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a name is too long
        return  # open_files says so
    for algorithm in ("sha256", "md5"):
        given = getattr(entry, algorithm)
        if given is None:
            continue
        if isinstance(given, str) and not path.is_file():
            raise SourceError(
                f"{algorithm} is given, but uri {entry.uri} is no single file",
                fix=f"remove {algorithm} from the catalog entry, or give one for each file",
            )
        digests = (
            {path: given} if isinstance(given, str) else {path / n: d for n, d in given.items()}
        )
        for file, expected in digests.items():
            if not file.is_file():
                raise SourceError(
                    f"{file} does not exist; the entry has its {algorithm}", fix="fetch it"
                )
            found = file_digest(file, algorithm)
            if found != expected:
                raise SourceError(
                    f"{file} has the {algorithm} {found}, expected {expected}",
                    fix=f"fetch it again, or correct {algorithm} in the catalog entry",
                )
