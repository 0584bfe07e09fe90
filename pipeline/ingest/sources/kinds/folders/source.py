"""Folders of labels: `cat/1.jpg`, or `train/cat/1.jpg` where the source has splits.

The folder names the label, even of files deeper inside. Folders that hold all the rest (`pets-v2/
train/cat/1.jpg`) are passed through. The path from there is the example's id, so a folder, its tar
and its zip give the same examples. Examples in no folder of a label, or in one called `unlabelled`,
have no label; other files are counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from pipeline.dataset.catalog import Entry
from pipeline.ingest.sources.kinds.folders.label_tables import tables_beside
from pipeline.ingest.sources.kinds.folders.layout import (
    Layout,
    Place,
    find_layout,
    repeated_below,
)
from pipeline.ingest.sources.kinds.folders.others import examples_among_others, kinds_of_others
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.source import Batch, Source, file_batches
from pipeline.targets.protocols.labels import Labels

MAX_NAMES_LISTED = 4


def recognises(files: Files, entry: Entry, prepare: Prepare, labels: Labels) -> bool:
    """Whether there is a file with the suffix of an example."""
    return len(files.others) < len(files.members)


def open_source(
    entry: Entry, files: Files, max_bytes: float, prepare: Prepare, labels: Labels
) -> Source:
    """Make an example of every file that may be one; its folder is its label.

    Raises:
        SourceError: no example is in such a folder, or folders have names of splits.
    """
    among_others = examples_among_others(files, prepare) if files.others else set()
    folders: dict[str, list[str]] = defaultdict(list)
    usable: set[str] = set()
    for name, member in files.members.items():
        if name not in files.others or name in among_others:
            folder = name.rpartition("/")[0]
            folders[folder].append(name)
            # An unsafe name makes no label; its file is listed with its problem.
            if not member.problem:
                usable.add(folder)
    if not usable:
        problem = next(iter(files.members.values())).problem if folders else "no file is one"
        raise SourceError(
            f"{files.where} has no usable {prepare.NOUN}: {problem}",
            fix="look at what it is",
        )
    doubts = list(tables_beside(files, folders, prepare, labels)) if files.others else []
    paths = [[*folder.split("/"), ""] if folder else [""] for folder in sorted(usable)]
    try:
        layout = find_layout(paths, labels.names_in(entry) or (), files.where)
    except SourceError as error:
        raise SourceError("; ".join([error.what, *doubts]), fix=error.fix) from None
    places = {folder: layout.place(folder) for folder in folders}
    found = {places[folder].label for folder in usable} - {None}
    if not found and getattr(entry, "annotations", None) is None:
        nowhere = f"{files.where} has {prepare.NOUN}s, but none in a class folder "
        raise SourceError(
            "; ".join([nowhere + "(cat/1.jpg, train/cat/1.jpg)", *doubts]),
            fix="sort them into one folder a class, or list them in a CSV manifest",
        )
    if repeated := repeated_below(paths, layout):
        doubts.append(
            f"{', '.join(repeated[:MAX_NAMES_LISTED])} are in each of the folders that count as "
            "labels: perhaps those are the labels"
        )
    counts = Counter({folder: len(names) for folder, names in folders.items()})
    return Source(
        labels={label for label in found if label is not None},
        num_examples=counts.total(),
        splits=frozenset(place.split for place in places.values() if place.split),
        batches=_batches(files, folders, places, max_bytes, content_column(prepare)),
        beside=kinds_of_others(files, among_others, prepare),
        notes=tuple(_choices(layout, places)),
        doubts=(*doubts, *_unlabelled(layout, places, counts, prepare.NOUN)),
        labels_by_split=_labels_by_split(places, counts),
    )


def _batches(
    files: Files,
    folders: Mapping[str, list[str]],
    places: Mapping[str, Place],
    max_bytes: float,
    content: str,
) -> Iterator[Batch]:
    """Examples with labels, then those without, so that adding unlabelled ones moves no other."""
    for is_labelled in (True, False):
        chosen = [f for f in folders if (places[f].label is not None) == is_labelled]
        names = sorted(name for f in chosen for name in folders[f])
        if not names:
            continue
        of_names = [places[name.rpartition("/")[0]] for name in names]
        yield from file_batches(
            files.tree,
            [files.members[name] for name in names],
            {
                "id": _ids(names, of_names),
                "label": [place.label for place in of_names],
                "split": [place.split for place in of_names],
            },
            max_bytes,
            content,
        )


def _ids(names: list[str], places: list[Place]) -> list[str | None]:
    return [name[place.skipped :] for name, place in zip(names, places, strict=True)]


def _labels_by_split(
    places: Mapping[str, Place], counts: Mapping[str, int]
) -> dict[str, Counter[str | None]]:
    found: dict[str, Counter[str | None]] = defaultdict(Counter)
    for folder, place in places.items():
        if place.split is not None:
            found[place.split][place.label] += counts[folder]
    return found


def _choices(layout: Layout, places: Mapping[str, Place]) -> Iterator[str]:
    """Sentences on how ambiguous names of folders were read."""
    if layout.shared:
        yield f"what lies below {'/'.join(layout.shared)}/ counts"
    folders = {
        (folder[place.skipped :].split("/")[0], place.split)
        for folder, place in places.items()
        if place.split
    }
    for folder, split in sorted(folders):
        if folder.lower().startswith("eval"):
            yield f"folder {layout.name(folder)} counts as {split}"


def _unlabelled(
    layout: Layout, places: Mapping[str, Place], counts: Mapping[str, int], noun: str
) -> Iterator[str]:
    """The folders of examples without a label."""
    level = len(layout.shared) + 1 + layout.has_splits
    tops: Counter[str] = Counter()
    for folder, place in places.items():
        if place.label is None:
            tops["/".join(folder.split("/")[:level]) or "the top folder"] += counts[folder]
    for folder, number in tops.most_common(MAX_NAMES_LISTED):
        lie = f"{number} {noun}s lie" if number != 1 else f"1 {noun} lies"
        yield f"{lie} in {folder}, in no class folder: without a label"
    if (more := len(tops) - MAX_NAMES_LISTED) > 0:
        yield f"so do others, in {more} more folders"
