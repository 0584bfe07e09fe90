"""Files that a manifest names inexactly: without folder or suffix, in another case, or by paths on
another machine. A file is used if it is the only one that fits, and reported."""

from collections import defaultdict
from functools import cached_property
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ingest.sources.kinds.manifest.rows import OUTSIDE, with_columns
from pipeline.runtime.errors import SourceError
from pipeline.sources.places.files import Files
from pipeline.sources.places.members import has_suffix
from pipeline.sources.places.trees import Folder, UnusableFile


class Finder:
    """Files of examples by the ends of their names."""

    def __init__(self, files: Files) -> None:
        self._files = files

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self._files.members:
            if name not in self._files.others:
                found[self._stem(name)].append(name)
        return found

    def _stem(self, name: str) -> str:
        path = PurePosixPath(name)
        is_example = has_suffix(path.name, self._files.suffixes)
        return (path.stem if is_example else path.name).casefold()

    def find(self, path: str) -> str | None:
        """The one file whose name ends in a path, ignoring case; the path may lack the suffix."""
        text = path.replace("\\", "/").removeprefix("./").lstrip("/").casefold()
        has_own = has_suffix(PurePosixPath(text).name, self._files.suffixes)
        found = []
        for name in self._by_stem.get(self._stem(text), ()) if text else ():
            end = name.casefold()
            end = end if has_own else str(PurePosixPath(end).with_suffix(""))
            if f"/{end}".endswith(f"/{text}"):
                found.append(name)
        return found[0] if len(found) == 1 else None


def find_places(rows: pa.Table, files: Files) -> tuple[pa.Table, list[str]]:
    """Replace each inexact place by the name of the file; returns sentences about it too."""
    if len(files.members) == len(files.others):
        return rows, []
    finder, places, first = Finder(files), rows["place"].to_pylist(), None
    num, members = 0, files.members
    for row, (place, problem) in enumerate(zip(places, rows["problem"].to_pylist(), strict=True)):
        if problem is not None or place in members or "://" in place:
            continue
        if (name := finder.find(place)) is not None:
            first = first or f"{place} is {name}"
            num += 1
            places[row] = name
    if first is None:
        return rows, []
    note = f"{num} of {len(places)} names were found by looking for files that end so: {first}"
    return with_columns(rows, place=pa.array(places, pa.string())), [note]


def refuse_foreign_paths(rows: pa.Table, files: Files) -> None:
    """Refuse paths of another machine whose ends name files that are here.

    Raises:
        SourceError: all rows have such paths; names their common start.
    """
    if not rows.num_rows or not pc.all(pc.equal(rows["problem"], OUTSIDE)).as_py():
        return  # null where a row has no problem
    paths = [text.replace("\\", "/") for text in pc.unique(rows["text"]).drop_null().to_pylist()]
    first = PurePosixPath(paths[0])
    for depth in range(1, len(first.parts)):
        inside = "/".join(first.parts[depth:])
        before = paths[0][: len(paths[0]) - len(inside)]
        if _is_there(inside, files) and all(path.startswith(before) for path in paths):
            raise SourceError(
                f"all {rows.num_rows} paths of {files.where} start with {before}; below it "
                f"{inside} is a file here",
                fix=f"add `columns: {{strip: '{before}'}}` to the catalog entry",
            )


def _is_there(path: str, files: Files) -> bool:
    if path in files.members:
        return True
    try:
        return isinstance(files.tree, Folder) and not files.tree.find(path).problem
    except UnusableFile:
        return False
