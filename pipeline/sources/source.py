"""What a source gives: its labels, and batches of examples that worker processes read."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.dataset.parts import cut_draws, part_ends
from pipeline.dataset.splits.clock import Times
from pipeline.sources.places.members import Member
from pipeline.sources.places.problems import UnusableFile
from pipeline.sources.places.trees import Folder, Tree


def example_schema(content: str) -> pa.Schema:
    """Columns of what a source gives; the modality names the one that has the content."""
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field(content, pa.binary()),  # as the source has it
            pa.field("label", pa.string()),  # null when unlabelled
            pa.field("split", pa.string()),  # train, val or test; null where the source has none
            pa.field("group", pa.string()),
            pa.field("time", pa.string()),  # ISO date or moment, or an integer
            pa.field("known_at", pa.string()),  # likewise: when what the row says became known
            pa.field("from_last", pa.int64()),  # place among those of its user; 0 is the last
            pa.field("slices", pa.map_(pa.string(), pa.string())),  # by column of the entry
            pa.field("license", pa.string()),  # null where the entry's holds
            pa.field("purposes", pa.string()),  # spaces between; null where the entry's hold
            pa.field("source", pa.string()),  # where the content is from; null where it is the uri
            pa.field("problem", pa.string()),  # why there is no content
            pa.field("transient", pa.bool_()),  # whether the problem may pass; null for no
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
"""Reads some examples, as `example_schema` says; picklable, so that a worker process can."""


class Source(NamedTuple):
    """An opened source."""

    labels: list[str] | set[str]
    """The different labels: a list in the order of their codes, a set where they have no order."""
    num_examples: int
    splits: frozenset[str]
    """The splits of train, val and test that the source itself has."""
    batches: Iterator[Batch]
    annotations: pa.Table | None = None
    """Several people's labels (id, annotator, label), where the source or the entry has them."""
    kind: str = "builtin"
    target: Mapping[str, Any] = MappingProxyType({})
    """What labels may be, which the target makes of `labels` and of the entry."""
    beside: Mapping[str, int] = MappingProxyType({})
    """Files or rows that are no examples, counted by kind: `not images: .json`, `in @eaDir`."""
    notes: tuple[str, ...] = ()
    """Sentences for `add` and ingest: choices that were made, columns that are not used."""
    doubts: tuple[str, ...] = ()
    """Sentences for `add` and ingest: what looks wrong in how the source is laid out."""
    options: Mapping[str, Any] = MappingProxyType({})
    """How contents are read, found by looking at all of them, as JSON; what the modality makes of
    the entry (`options`) comes on top. Indexes and models keep it."""
    entry_lines: tuple[str, ...] = ()
    """Lines of YAML for a new entry: what was found by looking."""
    decisions: tuple[str, ...] = ()
    """What only a person can decide, for `add`: `key: question`."""
    times: Times | None = None
    """All values of the column `time` that an entry names; None where the source has none."""
    labels_by_split: Mapping[str, Mapping[str | None, int]] | None = None
    """How often each label is in each of `splits`, None for no label; None where that is not known.
    A split without any label then counts as missing, and its examples wait unlabelled."""
    parts_groups: bool = False
    """Whether groups are in several of its splits by intent, as users are of whom the last events
    are held back."""
    label_titles: Mapping[str, str] = MappingProxyType({})
    """What people call labels that are codes, such as titles of items; they stand beside `target`,
    under `titles`."""


def examples_table(content: str, ids: Sequence[str], **columns: Any) -> pa.Table:
    """Make a table as `example_schema` says; columns that are left out are null."""
    schema = example_schema(content)
    columns["id"] = ids
    return pa.table(
        [
            columns[field.name]
            if isinstance(columns.get(field.name), pa.Array | pa.ChunkedArray)
            else pa.array(columns.get(field.name, [None] * len(ids)), field.type)
            for field in schema
        ],
        schema=schema,
    )


@dataclass(frozen=True)
class FileBatch:
    """Examples whose contents are files of a tree."""

    tree: Tree
    members: list[Member | str]
    """The file of each example, or a text: why it has none."""
    max_bytes: float
    columns: dict[str, list[Any]]
    """The other columns of the examples, `id` among them."""
    content: str
    """Name of the column of contents."""

    def __call__(self) -> pa.Table:
        contents: list[bytes | None] = []
        problems: list[str | None] = []
        transient: list[bool] = []
        for member in self.members:
            data, problem, may_pass = None, None, False
            try:
                if isinstance(member, str):
                    raise UnusableFile(member)
                data = self.tree.read(member, self.max_bytes)
            except UnusableFile as error:
                problem, may_pass = str(error), error.transient
            contents.append(data)
            problems.append(problem)
            transient.append(may_pass)
        columns: dict[str, Any] = self.columns | {
            self.content: contents,
            "problem": problems,
            "transient": transient,
        }
        return examples_table(self.content, columns.pop("id"), **columns)

    def stamp(self, settled_before: int) -> str | None:
        """A digest that changes when the table does; it is made without reading a file.

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
        text = repr((self.members, self.max_bytes, self.columns, stamps))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def file_batches(
    tree: Tree,
    members: Sequence[Member | str],
    columns: dict[str, list[Any]],
    max_bytes: float,
    content: str,
) -> Iterator[FileBatch]:
    """Cut a list of files into batches of about BYTES_PER_BATCH, or EXAMPLES_PER_BATCH if small.

    The ids decide where a batch ends (dataset/parts.py), so that most stay when files come or go.
    """
    least = BYTES_PER_BATCH // EXAMPLES_PER_BATCH
    sizes = [
        0 if isinstance(member, str) else int(min(member.size, max_bytes)) for member in members
    ]
    draws = cut_draws([id or "" for id in columns["id"]])
    start = 0
    for end in part_ends(draws, np.array(sizes, np.int64).clip(least), BYTES_PER_BATCH):
        part = {name: values[start:end] for name, values in columns.items()}
        yield FileBatch(tree, list(members[start:end]), max_bytes, part, content)
        start = end
