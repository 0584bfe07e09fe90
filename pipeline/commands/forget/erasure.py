"""Removal of examples from stores, git, the workspace, downloads and DVC's notes."""

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pipeline.commands.forget.contents.archives import NotOpened
from pipeline.commands.forget.contents.traces import Forgotten
from pipeline.commands.forget.finding import Findings, Scope
from pipeline.commands.forget.history import remove_experiments
from pipeline.commands.forget.places import (
    DVC_TEMPORARY,
    REPORTS,
    Treatment,
    Workspace,
    files_below,
)
from pipeline.commands.forget.storage import Store
from pipeline.dataset.places import SERVED
from pipeline.sources.places.fetch import cache_dir, cached_copy

PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"%PDF")


def erase(found: Findings, places: Iterable[Store], workspace: Workspace) -> None:
    """Remove experiments, then runs, then the objects that they lead to, then work files."""
    remove_experiments(found.experiments, found.commits)
    for store in places:
        for path in [*found.runs.get(store.name, []), *found.objects.get(store.name, [])]:
            with suppress(FileNotFoundError):  # by somebody else, meanwhile
                store.remove(path)
    for unneeded in list(workspace.removed()):
        _remove(unneeded)


def erase_outputs(examples: Forgotten, scope: Scope, workspace: Workspace) -> list[str]:
    """Remove the outputs in the workspace that hold the examples, or may show them.

    In reports/, which is in git, single files are removed; elsewhere whole outputs, since a part of
    one is of no use.

    Returns:
        The removed files and outputs.
    """
    removed = []
    for output in filter(Path.exists, workspace.outputs):
        if scope.is_other(output):
            continue
        files = list(files_below(output))
        if not output.is_relative_to(REPORTS):
            if any(holds(examples, path, examples.ids) for path in files):
                removed.append(output)
            continue
        removed += [p for p in files if is_picture(p) or holds(examples, p, examples.ids)]
    for path in removed:
        _remove(path)
    return list(map(str, removed))


def erase_strays(examples: Forgotten, scope: Scope, workspace: Workspace) -> None:
    """Remove files of reports, DVC and a server that hold the examples and no stage makes now."""
    for folder in (REPORTS, DVC_TEMPORARY, SERVED):
        for path in files_below(folder):
            is_stray = workspace.treatment(path) is Treatment.SEARCHED
            if is_stray and not scope.is_other(path) and holds(examples, path, examples.ids):
                _remove(path)


def erase_notes(examples: Forgotten, folder: Path) -> None:
    """Remove DVC's notes about files and remotes, if they name the examples.

    The notes about remotes (`index`) are outdated now, and a later push would rely on them.
    """
    shutil.rmtree(folder / "index", ignore_errors=True)
    if any(holds(examples, path, examples.ids) for path in files_below(folder)):
        shutil.rmtree(folder)


def erase_downloads(examples: Forgotten, addresses: Iterable[str]) -> None:
    """Remove downloads from the addresses, and other downloads that hold the examples.

    They are fetched again when they are needed.
    """
    for address in addresses:
        shutil.rmtree(cached_copy(address), ignore_errors=True)
    for copy in sorted(cache_dir().glob("*")):
        if any(holds(examples, path, ()) for path in files_below(copy)):
            _remove(copy)


def holds(examples: Forgotten, path: Path, ids: Collection[str]) -> bool:
    """Whether a file is known to hold the examples; see `in_file`."""
    try:
        with path.open("rb") as file:
            return examples.in_file(file, ids)
    except (FileNotFoundError, PermissionError, NotOpened):  # the search says so
        return False


def is_picture(path: Path) -> bool:
    """Whether a file is a picture, which may show examples and cannot be searched."""
    if path.suffix == ".svg":
        return True
    with path.open("rb") as file:
        return file.read(16).startswith(PICTURES)


def pictures(workspace: Workspace) -> Iterator[Path]:
    """Pictures in reports/ that no stage makes now."""
    for path in files_below(REPORTS):
        if workspace.treatment(path) is Treatment.SEARCHED and is_picture(path):
            yield path


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
