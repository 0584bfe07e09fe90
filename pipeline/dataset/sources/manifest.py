"""Manifests: a CSV, JSON Lines or Parquet table that names each image and its label.

The image is named by a path, relative to the manifest's folder (also inside an archive), or by a
URL. Further columns are used when they are there: id, split, group, license, purposes, annotator.
With annotators, an image has a row for each of them: the label of most counts as the given one.
"""

import posixpath
import unicodedata
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin

import pyarrow as pa
import pyarrow.csv
import pyarrow.json

from pipeline.dataset.catalog import Entry
from pipeline.dataset.sources import (
    SPLIT_NAMES,
    Batch,
    FileBatch,
    Source,
    examples_table,
    file_batches,
    in_order,
)
from pipeline.dataset.sources.fetch import fetch_file, is_remote, without_secrets
from pipeline.dataset.sources.manifest_tables import Manifest, find_manifests, read_manifest
from pipeline.dataset.sources.trees import Files, Folder, Member, UnusableFile
from pipeline.runtime.errors import SourceError

URL_SCHEMES = ("http://", "https://", "s3://", "gs://", "az://", "abfs://")
URLS_AT_ONCE = 16
ANNOTATION = ("id", "annotator", "label")


def recognises(files: Files, entry: Entry) -> bool:
    return bool(find_manifests(files, entry))


def open_source(entry: Entry, files: Files, max_bytes: float) -> Source:
    """Read the manifest whole: it is small beside the images.

    Raises:
        SourceError: it is damaged, lacks a column, or says two things of one example.
    """
    found = find_manifests(files, entry)
    if not found:
        raise SourceError(
            f"{files.where} has no manifest with a column that names images and one of labels",
            fix="name the columns in the catalog entry, under columns:",
        )
    parts = [read_manifest(files, name, entry) for name in found]
    top = posixpath.commonpath([part.folder for part in parts])
    rows = Rows(
        [_example(row, part, top, files, entry) for part in parts for row in _rows(part.table)]
    )
    if any("annotator" in part.table.column_names for part in parts):
        annotations, examples = rows.by_majority()
    else:
        annotations, examples = None, rows.once_each(files.where)
    labels = {label for example in examples if (label := example.label) is not None}
    if entry.classes and not labels & set(entry.classes):  # then they may be indices
        names = {str(code): name for code, name in enumerate(entry.classes)}
        examples = [e._replace(label=names.get(e.label or "", e.label)) for e in examples]
        if annotations is not None:
            said = [names.get(label, label) for label in annotations["label"].to_pylist()]
            annotations = annotations.set_column(2, "label", pa.array(said, pa.string()))
    given = [example.split for example in examples]
    if given and all(split and split not in SPLIT_NAMES.values() for split in given):
        raise SourceError(
            f"{files.where} has the unknown split {given[0]!r}",
            fix=f"the known ones are {', '.join(SPLIT_NAMES)}",
        )
    return Source(
        classes=entry.classes or in_order(labels),
        num_examples=len(examples),
        splits=frozenset(s for s in given if s and s in SPLIT_NAMES.values()),
        batches=_batches(examples, files, max_bytes),
        annotations=annotations,
    )


class Example(NamedTuple):
    id: str
    file: Member | str
    """A string is a URL, or a problem."""
    is_url: bool
    label: str | None
    split: str | None
    group: str | None
    license: str | None
    purposes: str | None
    annotator: str | None


class Rows:
    """The rows of all manifests."""

    def __init__(self, examples: list[Example]) -> None:
        self.examples = examples

    def once_each(self, where: str) -> list[Example]:
        """The examples; a row that repeats another says nothing new.

        Raises:
            SourceError: two rows say different things of one id.
        """
        found: dict[str, Example] = {}
        for number, example in enumerate(self.examples, 1):
            if found.setdefault(example.id, example) != example:
                raise SourceError(
                    f"{where} says two things of {example.id}; the second in row {number}: "
                    f"{found[example.id].label} and {example.label}",
                    fix="keep one row for each image, or name the annotator of each in a column",
                )
        return list(found.values())

    def by_majority(self) -> tuple[pa.Table, list[Example]]:
        """What each annotator said; the examples with the label of most, the first of equals."""
        said = [e for e in self.examples if e.label is not None and e.annotator is not None]
        votes: dict[str, Counter[str]] = {}
        first: dict[str, Example] = {}
        for example in self.examples:
            first.setdefault(example.id, example)
            if example.label is not None:
                votes.setdefault(example.id, Counter())[example.label] += 1
        annotations = pa.table(
            {name: pa.array([getattr(e, name) for e in said], pa.string()) for name in ANNOTATION}
        )
        return annotations, [
            example._replace(label=votes[id].most_common(1)[0][0] if id in votes else None)
            for id, example in first.items()
        ]


@dataclass(frozen=True)
class UrlBatch:
    """A batch of images that are each behind a URL; they are fetched into the shared cache."""

    urls: list[str]
    max_bytes: float
    columns: dict[str, list[str | None]]

    def __call__(self) -> pa.Table:
        with ThreadPoolExecutor(URLS_AT_ONCE) as pool:
            found = list(pool.map(self._fetch, self.urls))
        return examples_table(
            [id for id in self.columns["id"] if id is not None],
            **{name: values for name, values in self.columns.items() if name != "id"},
            image=[data for data, _ in found],
            problem=[problem for _, problem in found],
            source=[without_secrets(url) for url in self.urls],
        )

    def _fetch(self, url: str) -> tuple[bytes | None, str | None]:
        try:
            return fetch_file(url, self.max_bytes).read_bytes(), None
        except (SourceError, OSError) as error:
            return None, getattr(error, "what", str(error))


def _batches(examples: list[Example], files: Files, max_bytes: float) -> Iterator[Batch]:
    start = 0
    for end in range(1, len(examples) + 1):
        same = end < len(examples) and examples[end].is_url == examples[start].is_url
        if same:
            continue
        run = examples[start:end]
        columns = {
            name: [getattr(example, name) for example in run]
            for name in ("id", "label", "split", "group", "license", "purposes")
        }
        batch: FileBatch
        for batch in file_batches(files.tree, [e.file for e in run], columns, max_bytes):
            if run[0].is_url:
                urls = [str(url) for url in batch.members]
                yield UrlBatch(urls, max_bytes, batch.columns)
            else:
                yield batch
        start = end


def _example(
    row: dict[str, str | None], part: Manifest, top: str, files: Files, entry: Entry
) -> Example:
    named = row["image"] or ""
    file: Member | str
    is_url = named.startswith(URL_SCHEMES)
    if is_url:
        file, id = named, without_secrets(named)
    elif is_remote(entry.uri) and isinstance(files.tree, Folder) and named not in files.members:
        is_url = True  # the manifest is behind a URL, and its paths start there
        file, id = urljoin(entry.uri, named), named
    else:
        file, id = _find(files, part.folder, named)
        id = id.removeprefix(top + "/") if top else id
    if "license" in row and not row["license"]:
        file, is_url = "no licence", False
    split = row.get("split")
    if split is not None:
        known = SPLIT_NAMES.get(split.lower())
        if known is None:
            file, is_url = f"unknown split {split}", False
        split = known or split
    return Example(
        id=unicodedata.normalize("NFC", row.get("id") or id),
        file=file,
        is_url=is_url,
        label=row["label"],
        split=split,
        group=row.get("group"),
        license=row.get("license"),
        purposes=_words(row.get("purposes")),
        annotator=row.get("annotator"),
    )


def _find(files: Files, folder: str, named: str) -> tuple[Member | str, str]:
    """The file that a manifest names, or why there is none; and its id."""
    path = posixpath.normpath(folder + named.replace("\\", "/")) if named else ""
    id = unicodedata.normalize("NFC", path or "(no file named)")
    if not named:
        return "no file named", id
    if named.startswith("/") or path.startswith("../") or "://" in named:
        return "a path that leads outside the folder", id
    member = files.members.get(id)
    if member is None and isinstance(files.tree, Folder):
        try:
            member = files.tree.find(path)
        except UnusableFile as error:
            return str(error), id
    return member or "there is no such file", id


def _words(text: str | None) -> str | None:
    """Words with single spaces between, from `a, b`, `a;b` or `a b`."""
    return None if text is None else " ".join(text.replace(",", " ").replace(";", " ").split())


def _rows(table: pa.Table) -> Iterator[dict[str, str | None]]:
    for batch in table.to_batches(16384):
        yield from batch.to_pylist()
