"""Manifests: a CSV, JSON Lines or Parquet table that names the file of each example and its label.

The file is named by a path, relative to the manifest's folder (also inside an archive), or by a
URL. Further columns are used when they are there: id, split, group, license, purposes, annotator.
With annotators, an example has a row for each of them: the label of most counts as the given one.
Without a column for the split, folders tell it if all files are in ones called `train`, `test` ….
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.catalog import Entry
from pipeline.dataset.parts import cut_draws, part_ends
from pipeline.dataset.splits.clock import times_of
from pipeline.ingest.sources.kinds.manifest.finding import (
    Finder,
    find_places,
    refuse_foreign_paths,
)
from pipeline.ingest.sources.kinds.manifest.repeats import by_majority, line_of_row, once_each
from pipeline.ingest.sources.kinds.manifest.rows import (
    all_rows,
    distinct,
    locate,
    map_texts,
    with_columns,
    without_start,
)
from pipeline.ingest.sources.kinds.manifest.tables import (
    Roles,
    find_manifests,
    read_manifest,
    roles_of,
)
from pipeline.ingest.sources.label_counts import labels_by_split
from pipeline.ingest.sources.splitting import as_maps, not_empty, with_splitting
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.fetch import fetch_file
from pipeline.sources.places.files import Files
from pipeline.sources.places.members import Member, named
from pipeline.sources.places.problems import UnusableFile
from pipeline.sources.places.trees import Folder
from pipeline.sources.source import (
    EXAMPLES_PER_BATCH,
    Batch,
    Source,
    examples_table,
    file_batches,
)
from pipeline.sources.tables.parquet import ParquetTable
from pipeline.targets.protocols.labels import Labels

URLS_AT_ONCE = 16
URLS_PER_BATCH = 64  # their size is unknown before they are fetched
ROWS_LOOKED_AT = 100


def recognises(files: Files, entry: Entry, prepare: Prepare, labels: Labels) -> bool:
    """Whether there is a table that names files of examples, and labels."""
    roles = roles_of(entry, prepare, labels)
    return any(
        _names_examples(files, name, roles, prepare) for name in find_manifests(files, roles)
    )


def _names_examples(files: Files, name: str, roles: Roles, prepare: Prepare) -> bool:
    """Whether a table names files that exist, rather than holding them or naming other things.

    In a folder without examples it counts as naming some; its rows then report them missing.
    """
    if name.lower().endswith(".parquet") and isinstance(files.tree, Folder):
        path = files.tree.root / files.members[name].path
        kinds = ParquetTable(path, str(path)).schema.types
        if any(pa.types.is_struct(kind) or prepare.may_hold(kind) for kind in kinds):
            return False
    if len(files.others) == len(files.members):
        return True
    try:
        part = read_manifest(files, name, roles, is_start=True)
    except SourceError:
        return True  # open_source reports what is wrong
    finder = Finder(files)
    located = [
        locate(without_start(text, roles.columns.strip), part.folder, "")[:2]
        for text in part.table["content"].slice(0, ROWS_LOOKED_AT).to_pylist()
    ]
    return not located or any(
        "://" in place or id in files.members or finder.find(id) is not None
        for place, id in located
    )


def open_source(
    entry: Entry, files: Files, max_bytes: float, prepare: Prepare, labels: Labels
) -> Source:
    """Read the manifest whole, as columns: it is small beside the contents.

    Raises:
        SourceError: it is damaged, lacks a column, or contradicts itself about an example.
    """
    roles = roles_of(entry, prepare, labels)
    names = find_manifests(files, roles)
    if not names:
        raise SourceError(
            f"{files.where} has no manifest with a column that names {prepare.NOUN}s and one of "
            "labels",
            fix="name the columns in the catalog entry, under columns:",
        )
    parts = [read_manifest(files, name, roles) for name in names]
    has_annotators = any("annotator" in part.table.column_names for part in parts)
    rows = all_rows(parts, names, files, entry)
    refuse_foreign_paths(rows, files)
    rows, notes_on_places = find_places(rows, files)
    line_of = partial(line_of_row, parts=parts, names=names, files=files, roles=roles)
    rows = once_each(rows, ["id", "annotator"] if has_annotators else ["id"], line_of, files.where)
    annotations = None
    if has_annotators:
        is_label = pc.and_(pc.is_valid(rows["label"]), pc.is_valid(rows["annotator"]))
        annotations = rows.filter(is_label).select(["id", "annotator", "label"])
        rows = by_majority(rows, line_of, files.where)
    name_of = labels.namer(distinct(rows["label"]), entry, files.where)
    reason = map_texts(rows["label"], lambda text: _problem_of(name_of(text), entry, labels))
    rows = with_columns(
        rows,
        label=map_texts(rows["label"], name_of),
        problem=pc.coalesce(reason, rows["problem"]),
    )
    if annotations is not None:
        annotations = with_columns(annotations, label=map_texts(annotations["label"], name_of))
    return Source(
        labels=distinct(rows["label"]),
        num_examples=rows.num_rows,
        splits=frozenset(distinct(rows["split"]) & {"train", "val", "test"}),
        batches=_batches(
            with_splitting(rows, entry), files, max_bytes, content_column(prepare), entry.slices
        ),
        annotations=annotations,
        notes=(*(note for part in parts for note in part.notes), *notes_on_places),
        times=times_of(rows["time"]) if entry.columns.time else None,
        labels_by_split=labels_by_split([(rows["split"], rows["label"])]),
    )


def _problem_of(label: str | None, entry: Entry, labels: Labels) -> str | None:
    return None if label is None else labels.problem_of(label, entry)


@dataclass(frozen=True)
class UrlBatch:
    """Examples whose contents are each behind a URL; they are fetched into the shared cache."""

    urls: list[str]
    max_bytes: float
    columns: dict[str, list[Any]]
    content: str
    """Name of the column of contents."""

    def __call__(self) -> pa.Table:
        with ThreadPoolExecutor(URLS_AT_ONCE) as pool:
            fetched = list(pool.map(self._fetch, self.urls))
        return examples_table(
            self.content,
            [id for id in self.columns["id"] if id is not None],
            **{name: values for name, values in self.columns.items() if name != "id"},
            **{self.content: [data for data, _ in fetched]},
            problem=[problem for _, problem in fetched],
            source=[without_secrets(url) for url in self.urls],
        )

    def _fetch(self, url: str) -> tuple[bytes | None, str | None]:
        try:
            return fetch_file(url, self.max_bytes).read_bytes(), None
        except (SourceError, OSError, ValueError) as error:  # unusual hosts make parsers raise
            return None, getattr(error, "what", str(error))


def _batches(
    rows: pa.Table, files: Files, max_bytes: float, content: str, slices: Sequence[str]
) -> Iterator[Batch]:
    """Look up the files of a batch in this process, while workers read earlier batches."""
    names = ["id", "label", "split", "group", "license", "purposes"]
    names += [name for name in ("time", "known_at", "from_last") if not_empty(rows, name)]
    rows = rows if not slices else rows.append_column("slices", as_maps(rows, slices))
    names += ["slices"] if slices else []
    draws, ones = cut_draws(rows["id"].to_pylist()), np.ones(rows.num_rows, np.int64)
    start = 0
    for end in part_ends(draws, ones, EXAMPLES_PER_BATCH):
        chunk = rows.slice(start, end - start)
        start = end
        columns = {name: chunk[name].to_pylist() for name in [*names, "place", "problem"]}
        wanted = list(zip(columns["place"], columns["problem"], strict=True))
        is_url = [problem is None and "://" in place for place, problem in wanted]
        local = [i for i, remote in enumerate(is_url) if not remote]
        members = [wanted[i][1] or _find(files, wanted[i][0]) for i in local]
        of_files = {n: [columns[n][i] for i in local] for n in names}
        yield from file_batches(files.tree, members, of_files, max_bytes, content)
        remote = [i for i, remote in enumerate(is_url) if remote]
        for first in range(0, len(remote), URLS_PER_BATCH):
            part = remote[first : first + URLS_PER_BATCH]
            urls = [columns["place"][i] for i in part]
            of_urls = {n: [columns[n][i] for i in part] for n in names}
            yield UrlBatch(urls, max_bytes, of_urls, content)


def _find(files: Files, path: str) -> Member | str:
    """The file at a path of the tree, or the reason why there is none."""
    member = files.members.get(named(path, 0, 0, "").name)
    if member is None and isinstance(files.tree, Folder):
        try:
            member = files.tree.find(path)
        except UnusableFile as error:
            return str(error)
    return member or "there is no such file"
