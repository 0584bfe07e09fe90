"""Opening of a source: one module for each kind, with `recognises(files)` and `open_source(...)`.

`places` knows where files lie (a folder, a tar, a zip, behind a URL), `kinds` what they hold; kinds
of a single modality are in its room. A source lists its files and labels first, then gives its
examples as batches that worker processes read, so that memory stays flat whatever its size.
"""

import os
from pathlib import Path
from types import ModuleType
from typing import cast

import pyarrow as pa

from pipeline.dataset.addresses import is_remote, local_path, without_secrets
from pipeline.dataset.catalog import Entry
from pipeline.dataset.table import file_digest
from pipeline.ingest.sources.annotations import fetch_annotations
from pipeline.ingest.sources.kinds.folders import source as folders
from pipeline.ingest.sources.kinds.manifest import source as manifest
from pipeline.ingest.sources.kinds.parquet import source as parquet
from pipeline.ingest.sources.unread import refuse_unread, unknown_kind
from pipeline.modalities.protocols.prepare import JoiningKind, Prepare
from pipeline.runtime.errors import SettingsError, SourceError
from pipeline.sources.places.fetch import fetch_source
from pipeline.sources.places.files import Files, open_files
from pipeline.sources.source import Source
from pipeline.targets.protocols.labels import Labels

BUILTIN = "builtin:"
KINDS: dict[str, ModuleType] = {
    "manifest": manifest,
    "parquet": parquet,
    "folders": folders,
}
"""Kinds of all modalities, tried in this order after those of the modality: the last ones recognise
more."""


def open_source(
    entry: Entry,
    prepare: Prepare,
    labels: Labels,
    max_bytes: float = float("inf"),
    collected: pa.Table | None = None,
) -> Source:
    """Fetch the source of an entry if it is remote, detect its kind, and open it.

    No content of more than `max_bytes` is read. `collected` is for kinds that read collected
    examples together with their own, in `example_schema`.

    Raises:
        SettingsError: there is no such kind.
        SourceError: nothing is there, no kind recognises it, or it is damaged.
    """
    kinds = [*prepare.SOURCES, *KINDS]
    if entry.kind not in ("auto", "builtin", *kinds):
        raise SettingsError(
            f"kind must be auto, builtin, {', '.join(kinds)}, found {entry.kind!r}",
            fix="set kind: auto in the catalog entry",
        )
    source = _open_examples(entry, prepare, labels, max_bytes, collected)
    titles = {"titles": dict(source.label_titles)} if source.label_titles else {}
    source = source._replace(target={**labels.index_of(entry, source.labels), **titles})
    if entry.splits is not None:
        source = with_splits(source, entry)
    if (annotations := annotations_of(entry)) is None:
        return without_missing_labels(source, labels)
    if source.annotations is not None:
        raise SourceError(
            f"{without_secrets(entry.uri)} names annotators, and so does annotations",
            fix="bring all labels into one of them",
        )
    return source._replace(annotations=fetch_annotations(annotations, labels, source.target))


def with_splits(source: Source, entry: Entry) -> Source:
    """Return the source with only the splits that the entry takes.

    Raises:
        SettingsError: it has none of its own, or lacks one of them.
    """
    wanted = frozenset(entry.splits or ()) - {"unlabelled"}
    if lacking := sorted(wanted - source.splits):
        has = f"has {', '.join(sorted(source.splits))}" if source.splits else "tells none apart"
        raise SettingsError(
            f"splits names {', '.join(lacking)}, but {without_secrets(entry.uri)} {has}",
            fix="correct splits: in the catalog entry, or leave it out",
        )
    return source._replace(splits=source.splits & wanted)


def without_missing_labels(source: Source, labels: Labels) -> Source:
    """Note which texts count as no label, and drop splits without labels: others are drawn."""
    notes, splits, index = list(source.notes), source.splits, source.target
    if isinstance(source.labels, set):
        for text in sorted(text for text in source.labels if labels.is_missing(text, index)):
            notes.append(f"{text} in place of a label counts as none")
    for split, counts in (source.labels_by_split or {}).items():
        has_label = any(t is not None and not labels.is_missing(t, index) for t in counts)
        if split not in splits or has_label:
            continue
        splits -= {split}
        notes.append(
            f"{split} has no labels ({sum(counts.values())} rows): they wait unlabelled"
            + (f"; {split} is drawn from train" if split != "train" else "")
        )
    return source._replace(notes=tuple(notes), splits=splits)


def annotations_of(entry: Entry) -> str | None:
    """Return the place of the annotators' labels; None if the entry or its target has none."""
    return getattr(entry, "annotations", None)


def _open_examples(
    entry: Entry, prepare: Prepare, labels: Labels, max_bytes: float, collected: pa.Table | None
) -> Source:
    if entry.kind == "builtin" or entry.uri.startswith(BUILTIN):
        return prepare.open_builtin(entry.uri)
    if is_remote(entry.uri):
        path = fetch_source(entry.uri, entry.sha256, entry.md5)
    else:
        path = local_path(entry.uri)
        _verify(entry, path)
    suffixes = prepare.SUFFIXES | prepare.UNREAD_SUFFIXES
    files = open_files(path, without_secrets(entry.uri), suffixes, entry.links)
    refuse_unread(files, prepare, max_bytes)
    kind: str = entry.kind
    if kind == "auto":
        kind = _recognise(entry, prepare, labels, files)
    if kind in prepare.SOURCES and collected is not None:
        joining = cast(JoiningKind, prepare.SOURCES[kind])
        source = joining.open_joined(entry, files, labels, collected)
    elif kind in prepare.SOURCES:
        source = prepare.SOURCES[kind].open_source(entry, files, max_bytes, labels)
    else:
        source = KINDS[kind].open_source(entry, files, max_bytes, prepare, labels)
    return source._replace(kind=kind)


def _recognise(entry: Entry, prepare: Prepare, labels: Labels, files: Files) -> str:
    """Return the first kind that recognises the files.

    Raises:
        SourceError: there is none.
    """
    for name, own in prepare.SOURCES.items():
        if own.recognises(files):
            return name
    for name, module in KINDS.items():
        if module.recognises(files, entry, prepare, labels):
            return name
    if not files.members:
        raise SourceError(
            f"{files.where} has no {prepare.NOUN}s: it is empty", fix="name a folder that has some"
        )
    raise unknown_kind(files, ["builtin", *prepare.SOURCES, *KINDS])


def _verify(entry: Entry, path: Path) -> None:
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a name is too long
        return  # open_files says so
    for algorithm in ("sha256", "md5"):
        digest = getattr(entry, algorithm)
        if digest is None:
            continue
        if isinstance(digest, str) and not path.is_file():
            raise SourceError(
                f"{algorithm} is given, but uri {entry.uri} is no single file",
                fix=f"remove {algorithm} from the catalog entry, or give one for each file",
            )
        digests = (
            {path: digest} if isinstance(digest, str) else {path / n: d for n, d in digest.items()}
        )
        for file, expected in digests.items():
            if not file.is_file():
                raise SourceError(
                    f"{file} does not exist; the entry has its {algorithm}", fix="fetch it"
                )
            actual = file_digest(file, algorithm)
            if actual != expected:
                raise SourceError(
                    f"{file} has the {algorithm} {actual}, expected {expected}",
                    fix=f"fetch it again, or correct {algorithm} in the catalog entry",
                )
