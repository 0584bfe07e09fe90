"""What holds some examples: finding it in DVC and git, removing it, searching for what is left."""

import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.commands.forget.mentions import names_one
from pipeline.commands.forget.storage import (
    Lock,
    Store,
    commits_with,
    current_lock,
    experiments_of,
    git_objects,
    listing,
    locks,
    object_id,
    remove_experiments,
)
from pipeline.commands.forget.traces import Forgotten
from pipeline.runtime.stage import WORK_DIR
from pipeline.sources.places.fetch import cache_dir

JOURNAL = WORK_DIR / "forgetting.json"
RECEIPT = "forgotten-"
MADE_HERE = ("reports", "dvclive", "dvc_plots", ".dvc/tmp")
"""Where files are made from the data that are no outputs of DVC."""
DVC_TEMPORARY = Path(".dvc/tmp/exps")
NOT_SEARCHED = {".git", "__pycache__", ".mypy_cache"}


@dataclass
class Findings:
    """What holds the examples, or was built with them."""

    bad: set[str] = field(default_factory=set)
    """Ids of the objects to remove, those of folders with them among them."""
    models: dict[str, str] = field(default_factory=dict)
    """Path of each model that was trained on them, by its id."""
    commits: list[str] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)
    """Commits whose data is in no store, so that nobody can say whether they had them."""
    experiments: list[str] = field(default_factory=list)
    objects: dict[str, list[str]] = field(default_factory=dict)
    """Paths to remove in each store, by the name of the store."""
    runs: dict[str, list[str]] = field(default_factory=dict)

    def __or__(self, other: "Findings") -> "Findings":
        return Findings(
            self.bad | other.bad,
            self.models | other.models,
            list(dict.fromkeys(self.commits + other.commits)),
            [c for c in other.unjudged if c not in self.commits],
            list(dict.fromkeys(self.experiments + other.experiments)),
            _merged(self.objects, other.objects),
            _merged(self.runs, other.runs),
        )


@dataclass
class Left:
    """What the search has found."""

    ours: list[str] = field(default_factory=list)
    """Files and objects that should have been removed."""
    yours: list[str] = field(default_factory=list)
    """Files of the workspace that people put there, such as the source itself."""
    others: list[str] = field(default_factory=list)
    """Objects of other datasets that have the same examples."""
    history: dict[str, list[str]] = field(default_factory=dict)
    """Objects of git, with the commits that brought or removed them."""


class Scope:
    """Which objects belong to a dataset, by the stages of every dvc.lock that made them."""

    def __init__(self, dataset: str, places: Iterable[Store]) -> None:
        self.locks: list[Lock] = locks()
        self.folders: dict[str, set[str]] = {}
        for store in places:
            for path in store.objects():
                if path.endswith(".dir") and object_id(path) not in self.folders:
                    self.folders[object_id(path)] = listing(store, path)
        made_for = _datasets(self.locks)
        mine = {id for id, datasets in made_for.items() if dataset in datasets}
        self.other_ids = self._with_members(made_for.keys() - mine) - self._with_members(mine)
        """Of objects that only other datasets have."""

    def reached(self, lock: Lock) -> set[str]:
        """Ids of all objects that a dvc.lock names."""
        return self._with_members(lock.outputs.values())

    def is_other(self, path: Path) -> bool:
        """Whether a file of the workspace is, by dvc.lock, an output made from another dataset."""
        return any(
            id in self.other_ids and path.is_relative_to(output)
            for output, id in self.locks[-1].outputs.items()
        )

    def _with_members(self, ids: Iterable[str]) -> set[str]:
        found = set(ids)
        return found.union(*(self.folders.get(id, set()) for id in found))


def _datasets(versions: Iterable[Lock]) -> dict[str, set[str]]:
    """The datasets that each output was made from: the stage's own, else those of its inputs."""
    found: dict[str, set[str]] = {}
    steps = [step for lock in versions for step in lock.steps]
    before = None
    while before != (before := sum(map(len, found.values()))):
        for step in steps:
            own = {step.dataset} if step.dataset is not None else set()
            from_inputs = set().union(*(found.get(id, set()) for id in step.inputs.values()))
            for id in step.outputs.values():
                found.setdefault(id, set()).update(own or from_inputs)
    return {id: datasets for id, datasets in found.items() if datasets}


def find(
    examples: Forgotten, scope: Scope, places: Iterable[Store], keep: Collection[str], models: bool
) -> Findings:
    """Every stored object with the examples, and all that hangs on it.

    `keep` are ids of objects that are needed and known to have none, `models` says whether to
    remove the models too that were trained on them.
    """
    places = list(places)
    bad: set[str] = set()
    size = None
    while size != examples.size():  # what one object tells may be what makes another known
        size = examples.size()
        seen = {*bad, *scope.other_ids, *keep}  # the same object may be in several stores
        for store in places:
            for path, id in store.objects_once(frozenset(seen)):
                seen.add(id)
                with store.open(path) as file:
                    if examples.in_file(file, examples.ids | examples.aliases):
                        bad.add(id)
    bad |= {id for id, members in scope.folders.items() if members & bad} - set(keep)
    affected = [lock for lock in scope.locks if bad & set(lock.outputs.values())]
    trained = {
        id: path
        for lock in affected
        for path, id in lock.outputs.items()
        if path.startswith("models/") and id not in {*keep, *scope.other_ids}
    }
    if models:
        bad |= trained.keys()
    commits = [commit for lock in affected for commit in lock.commits]
    unjudged = [
        commit
        for lock in scope.locks
        for commit in lock.commits
        if lock.outputs.get("data/raw", "") not in {"", *scope.folders, *scope.other_ids}
    ]
    found = Findings(bad, trained, commits, unjudged, experiments_of(set(commits)))
    for store in places:
        found.objects[store.name] = [p for p in store.objects() if object_id(p) in bad]
        found.runs[store.name] = [p for p in store.runs() if _mentions(store.read(p), bad)]
    return found


def erase(found: Findings, places: Iterable[Store]) -> None:
    """Remove what was found: first what leads to objects, then the objects; and work files."""
    remove_experiments(found.experiments, found.commits)
    shutil.rmtree(DVC_TEMPORARY, ignore_errors=True)
    for store in places:
        for path in [*found.runs.get(store.name, []), *found.objects.get(store.name, [])]:
            store.remove(path)
    for work in sorted(WORK_DIR.glob("*")):
        if work.is_dir():
            shutil.rmtree(work)
        elif work != JOURNAL and not work.name.startswith(RECEIPT):
            work.unlink()


def erase_outputs(examples: Forgotten, scope: Scope) -> list[str]:
    """Remove the outputs in the workspace that hold the examples; returns which."""
    removed = []
    for output in map(Path, current_lock().outputs):
        if not scope.is_other(output) and any(
            _holds(examples, path, examples.ids) for path in files_below(output)
        ):
            removed.append(str(output))
            if output.is_dir():
                shutil.rmtree(output)
            else:
                output.unlink()
    return removed


def erase_notes(examples: Forgotten, folder: Path) -> None:
    """Remove what DVC notes about files and remotes, where it names the examples.

    What remotes have (`index`) is no longer so, and a later push would rely on it.
    """
    shutil.rmtree(folder / "index", ignore_errors=True)
    if any(_holds(examples, path, examples.ids) for path in files_below(folder)):
        shutil.rmtree(folder)


def erase_downloads(examples: Forgotten) -> int:
    """Remove downloads with the examples, which are fetched again when needed; returns how many."""
    removed = 0
    for copy in sorted(cache_dir().glob("*")):
        if any(_holds(examples, path, ()) for path in files_below(copy)):
            shutil.rmtree(copy)
            removed += 1
    return removed


def search(
    examples: Forgotten,
    scope: Scope,
    places: Iterable[Store],
    notes: Path,
    tables: Collection[Path] = (),
) -> Left:
    """Look into every file of the workspace, the stores, DVC's notes, downloads, and git.

    In files that people put there, ids are looked for in `tables` alone: elsewhere they may be
    those of something else.
    """
    left = Left()
    made = tuple(map(Path, (*MADE_HERE, *current_lock().outputs)))
    for path in files_below(Path()):
        if path == JOURNAL or path.name.startswith(RECEIPT) or path.parts[:2] == (".dvc", "cache"):
            continue
        if scope.is_other(path):
            continue  # what it is, its object in the cache tells
        is_made = path.parts[0] == str(WORK_DIR) or any(path.is_relative_to(m) for m in made)
        if _holds(examples, path, examples.ids if is_made or path in tables else ()):
            (left.ours if is_made else left.yours).append(str(path))
    for folder, ids in ((notes, examples.ids), (cache_dir(), frozenset())):
        left.ours += [str(path) for path in files_below(folder) if _holds(examples, path, ids)]
    current = scope.reached(current_lock())
    seen = set()
    for store in places:
        for name in (*store.objects(), *store.runs()):
            id = object_id(name)
            if id in seen:
                continue
            seen.add(id)
            other = id in scope.other_ids
            ids = examples.ids if id in current else examples.ids | examples.aliases
            with store.open(name) as file:
                if examples.in_file(file, () if other else ids):
                    (left.others if other else left.ours).append(f"{store.name}: {name}")
    for name, content in git_objects():
        if examples.in_bytes(content) or names_one(content, examples.ids):
            left.history[name] = commits_with(name)
    return left


def files_below(root: Path) -> Iterator[Path]:
    """Files, links to files left out, in the order of their names."""
    if root.is_file() and not root.is_symlink():
        yield root
    elif root.is_dir() and not root.is_symlink() and not (root / "pyvenv.cfg").exists():
        for path in sorted(root.iterdir()):
            if path.name not in NOT_SEARCHED:
                yield from files_below(path)


def _holds(examples: Forgotten, path: Path, ids: Collection[str]) -> bool:
    try:
        with path.open("rb") as file:
            return examples.in_file(file, ids)
    except (FileNotFoundError, PermissionError):  # removed meanwhile, or not ours to read
        return False


def _mentions(content: bytes, ids: Iterable[str]) -> bool:
    return any(id.encode() in content for id in ids)


def _merged(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, list[str]]:
    names = dict.fromkeys([*one, *other])
    return {name: sorted({*one.get(name, []), *other.get(name, [])}) for name in names}
