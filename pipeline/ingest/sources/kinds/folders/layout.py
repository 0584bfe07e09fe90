"""The layout of folders: which part of a path is the label, which the split, which has no label."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from pipeline.ingest.sources.kinds.folders.names import (
    is_without_labels,
    part_like,
    split_of,
    words_of,
)
from pipeline.runtime.errors import SourceError

Parts = Sequence[str]
"""A path from the tree's root, split at its slashes; the last part is one file of the folder."""
MAX_NAMES_LISTED = 6
MIN_SHARED = 2
"""Two folders that share this many names of folders look like splits of one dataset."""


class Place(NamedTuple):
    """The label and split of a folder's files."""

    skipped: int
    """Number of characters of their paths that are not in their ids."""
    label: str | None
    split: str | None


class Layout(NamedTuple):
    """The layout of a source's folders."""

    shared: tuple[str, ...]
    """Folders that hold all others."""
    has_splits: bool
    """Whether the next folders are splits, with folders of labels below."""
    unlabelled_splits: frozenset[str]
    """Names of split folders whose only folder is not a label."""

    def place(self, folder: str) -> Place:
        """The label and split of a folder's files; no label outside folders of labels."""
        parts, level = folder.split("/") if folder else [], len(self.shared)
        if tuple(parts[:level]) != self.shared:
            return Place(0, None, None)
        skipped = sum(len(name) + 1 for name in self.shared)
        folders = parts[level:]
        split = split_of(folders[0]) if self.has_splits and folders else None
        if any(map(is_without_labels, folders[: 1 + self.has_splits])):
            return Place(skipped, None, split)
        if not self.has_splits:
            return Place(skipped, folders[0] if folders else None, None)
        is_labelled = split and len(folders) > 1 and folders[0] not in self.unlabelled_splits
        return Place(skipped, folders[1] if is_labelled else None, split)

    def name(self, split_folder: str) -> str:
        """The name of a split's folder in messages."""
        return "/".join([*self.shared, split_folder])


def find_layout(paths: Collection[Parts], names: Collection[str], where: str) -> Layout:
    """Find the layout of the folders of some examples.

    Args:
        names: labels by name, where the catalog entry has them: folders of these are labels.
        where: the source, for messages.

    Raises:
        SourceError: folders that would be labels have names of splits or parts.
    """
    shared = _shared_folders(paths)
    level = len(shared)
    folders = _below(paths, level)
    labelled = {name: inside for name, inside in folders.items() if not is_without_labels(name)}
    has_splits = bool(labelled) and all(map(split_of, labelled)) and not labelled.keys() & {*names}
    if not has_splits:
        _refuse_parts(labelled, level, names, where)
        return Layout(shared, False, frozenset())
    by_split = {name: _below(inside, level + 1) for name, inside in labelled.items()}
    unlabelled = frozenset(_without_folders_of_labels(by_split))
    known: dict[str, list[Parts]] = defaultdict(list)
    for split, below in by_split.items():
        for name, inside in below.items():
            if split not in unlabelled and not is_without_labels(name):
                known[name] += inside
    _refuse_parts(known, level + 1, names, where)
    return Layout(shared, True, unlabelled)


def _shared_folders(paths: Collection[Parts]) -> tuple[str, ...]:
    """Folders that hold all others, and are neither a split nor the only label.

    Files beside such a folder do not count.
    """
    shared: list[str] = []
    folders = _below(paths, 0)
    while len(folders) == 1:
        ((name, inside),) = folders.items()
        if split_of(name) or is_without_labels(name):
            return tuple(shared)
        shared.append(name)
        folders = _below(inside, len(shared))
    return tuple(shared if folders else shared[:-1])


def _below(paths: Iterable[Parts], level: int) -> dict[str, list[Parts]]:
    """The paths in each folder at a level."""
    found: dict[str, list[Parts]] = defaultdict(list)
    for parts in paths:
        if len(parts) > level + 1:
            found[parts[level]].append(parts)
    return dict(found)


def _without_folders_of_labels(by_split: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Split folders with a single folder that no other split has: `val/images/1.jpg`."""
    found = []
    for split, folders in by_split.items():
        others = {name for other in by_split if other != split for name in by_split[other]}
        if len(folders) == 1 and len(others - set(folders)) > 1:
            (name,) = folders
            has_it = any(name in by_split[other] and len(by_split[other]) > 1 for other in by_split)
            if not has_it:
                found.append(split)
    return found


def _refuse_parts(
    folders: Mapping[str, list[Parts]], level: int, names: Collection[str], where: str
) -> None:
    """Refuse folders as labels that have names of splits, or of parts of a dataset.

    Raises:
        SourceError: most are; or a few are, and hold folders of labels.
    """
    like = [name for name in part_like(folders) if name not in names]
    splits = [name for name in like if split_of(name)]
    is_most = len(like) > 1 and 2 * len(like) > len(folders)
    several_splits = len({split_of(name) for name in splits}) > 1
    deep = {name: _labels_inside(folders[name], level) for name in folders} if splits else {}
    holds_labels = any(
        len(deep[name]) >= MIN_SHARED
        and any(
            not deep[other] or len(deep[name] & deep[other]) >= MIN_SHARED
            for other in folders
            if other != name
        )
        for name in splits
    )
    if not (is_most or several_splits or holds_labels):
        return
    listed = ", ".join(like[:MAX_NAMES_LISTED])
    more = f" and {len(like) - MAX_NAMES_LISTED} more" if len(like) > MAX_NAMES_LISTED else ""
    others = [name for name in folders if name not in like]
    beside = f" (beside {', '.join(others[:MAX_NAMES_LISTED])})" if others else ""
    raise SourceError(
        f"{where} has folders that are called like splits or parts of a dataset, not like labels: "
        f"{listed}{more}{beside}",
        fix="rename folders of splits to train, val and test, or point uri at the folder whose "
        "folders are labels; where these names are labels, list them all under classes: in the "
        "catalog entry",
    )


def _labels_inside(paths: Iterable[Parts], level: int) -> set[str]:
    """Names of the folders in a folder at a level; empty where a file lies beside them."""
    names: Counter[str | None] = Counter(
        parts[level + 1] if len(parts) > level + 2 else None for parts in paths
    )
    return set() if None in names else {name for name in names if name is not None}


def repeated_below(paths: Collection[Parts], layout: Layout) -> list[str]:
    """Names of folders that all folders of labels contain: perhaps those are the labels.

    None if the layout has splits, or the names are those of parts (`front`, `images`).
    """
    level = len(layout.shared)
    if layout.has_splits:
        return []
    inside = [
        _labels_inside(inside, level)
        for name, inside in _below(paths, level).items()
        if not is_without_labels(name)
    ]
    common = set.intersection(*inside) if len(inside) > 1 else set()
    return sorted(name for name in common if words_of(name)) if len(common) >= MIN_SHARED else []
