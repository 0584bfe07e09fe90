"""Folders of labels: `cat/1.jpg`, or `train/cat/1.jpg` where the source has splits.

The folder names the label, whatever lies deeper. Folders that hold all the rest (`pets-v2/train/
cat/1.jpg`) are passed through. The path from there is the example's id, so a folder, its tar and
its zip give the same examples.
"""

from pipeline.dataset.catalog import Entry
from pipeline.modalities.protocols.prepare import Prepare, content_column
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.source import SPLIT_NAMES, Source, file_batches
from pipeline.targets.protocols.labels import Labels


def recognises(files: Files, entry: Entry, prepare: Prepare, labels: Labels) -> bool:
    """Whether there is a file with the suffix of an example."""
    return len(files.others) < len(files.members)


def open_source(
    entry: Entry, files: Files, max_bytes: float, prepare: Prepare, labels: Labels
) -> Source:
    """Make an example of every file in a folder of a label; files beside these are left out.

    Raises:
        SourceError: no example lies in such a folder.
    """
    paths = {name: name.split("/") for name in files.members}
    # A name that nothing should have makes no label; its file is listed with its problem.
    usable = [
        paths[name]
        for name, member in files.members.items()
        if not member.problem and name not in files.others
    ]
    if not usable:
        problem = next(iter(files.members.values())).problem
        raise SourceError(
            f"{files.where} has no usable {prepare.NOUN}: {problem}",
            fix="look at what it is",
        )
    depth = _shared_depth(usable)
    below = {parts[depth].lower() for parts in usable if len(parts) > depth + 1}
    has_splits = bool(below) and below <= SPLIT_NAMES.keys()
    label_at = depth + has_splits
    examples = {
        name: parts
        for name, parts in paths.items()
        if len(parts) > label_at + 1 and parts[:depth] == usable[0][:depth]
    }
    if has_splits:
        examples = {n: p for n, p in examples.items() if p[depth].lower() in SPLIT_NAMES}
    if not examples:
        raise SourceError(
            f"{files.where} has {prepare.NOUN}s, but none in a class folder "
            "(cat/1.jpg, train/cat/1.jpg)",
            fix="sort them into one folder a class, or list them in a CSV manifest",
        )
    names: list[str | None] = [parts[label_at] for parts in examples.values()]
    splits = [SPLIT_NAMES[p[depth].lower()] if has_splits else None for p in examples.values()]
    return Source(
        labels={parts[label_at] for parts in usable if len(parts) > label_at + 1},
        num_examples=len(examples),
        splits=frozenset(split for split in splits if split),
        batches=file_batches(
            files.tree,
            [files.members[name] for name in examples],
            {
                "id": ["/".join(parts[depth:]) for parts in examples.values()],
                "label": names,
                "split": splits,
            },
            max_bytes,
            content_column(prepare),
        ),
    )


def _shared_depth(paths: list[list[str]]) -> int:
    """How many folders hold all examples together, and are neither a split nor the only label."""
    depth = 0
    while (
        len({parts[depth] for parts in paths}) == 1
        and paths[0][depth].lower() not in SPLIT_NAMES
        and all(len(parts) > depth + 2 for parts in paths)
    ):
        depth += 1
    return depth
