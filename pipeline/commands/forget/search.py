"""Searches for examples in every place that places.py lists."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.commands.forget.contents.archives import NotOpened
from pipeline.commands.forget.contents.mentions import is_name_of
from pipeline.commands.forget.contents.traces import Forgotten
from pipeline.commands.forget.erasure import pictures
from pipeline.commands.forget.finding import Scope
from pipeline.commands.forget.history import commits_with, git, own_files, stashes, worktrees
from pipeline.commands.forget.places import Treatment, Workspace, files_below
from pipeline.commands.forget.storage import Store, current_lock, object_id
from pipeline.dataset.places import OPTOUT_DIR
from pipeline.sources.places.fetch import cache_dir

PASSED_OVER = (Treatment.NOTED, Treatment.STORED, Treatment.NO_DATA)


@dataclass
class Remains:
    """The results of the search."""

    ours: list[str] = field(default_factory=list)
    """Files and objects that should have been removed."""
    unopened: list[str] = field(default_factory=list)
    """Files and objects that may hold the examples, with the reason why it is unknown."""
    yours: list[str] = field(default_factory=list)
    """Files of the workspace that people put there, such as the source itself."""
    others: list[str] = field(default_factory=list)
    """Objects of other datasets that have the same examples."""
    history: dict[str, list[str]] = field(default_factory=dict)
    """Objects of git, with the commits that brought or removed them, and git's own files."""
    stashed: list[str] = field(default_factory=list)
    """Commits of `git stash` by a person that were built with the examples or name them."""
    worktrees: list[str] = field(default_factory=list)
    """Files of other worktrees, where the same command has to run."""
    pictures: list[str] = field(default_factory=list)
    """Pictures in reports/ that no current stage makes."""


class Search:
    """A search for the examples in all places."""

    def __init__(
        self,
        examples: Forgotten,
        scope: Scope,
        workspace: Workspace,
        tables: Collection[Path],
        built: Collection[str],
    ) -> None:
        """Prepare one.

        In files of people that git has, ids are searched only in `tables`: elsewhere they may mean
        something else, and git's history is searched too. `built` are commits whose data had the
        examples.
        """
        self.remains = Remains()
        self._examples = examples
        self._scope = scope
        self._workspace = workspace
        self._tables = tables
        self._built = set(built)

    def everywhere(self, places: Iterable[Store], notes: Path) -> Remains:
        """Search the workspace, other worktrees, DVC's notes, downloads, the stores, and git."""
        self.in_workspace()
        for worktree in worktrees():
            self._in_worktree(worktree)
        for folder, ids in ((notes, self._examples.ids), (cache_dir(), frozenset())):
            for path in files_below(folder):
                if self._holds(path, ids):
                    self.remains.ours.append(str(path))
        self.in_stores(places)
        self.in_git()
        return self.remains

    def in_workspace(self) -> None:
        tracked = set(git("ls-files", "-z").split("\0"))
        for path in files_below(Path()):
            treatment = self._workspace.treatment(path)
            if treatment in PASSED_OVER or self._scope.is_other(path):
                continue  # an output of another dataset is judged by its object in the cache
            of_people = treatment is Treatment.OF_PEOPLE
            is_named = not of_people or str(path) not in tracked or path in self._tables
            if self._holds(path, self._examples.ids if is_named else ()):
                (self.remains.yours if of_people else self.remains.ours).append(str(path))
        self.remains.pictures = list(map(str, pictures(self._workspace)))

    def in_stores(self, places: Iterable[Store]) -> None:
        current = self._scope.reached(current_lock())
        examples, remains = self._examples, self.remains
        seen = set()
        for store in places:
            for name in (*store.objects(), *store.runs()):
                id = object_id(name)
                if id in seen:
                    continue
                seen.add(id)
                other = id in self._scope.other_ids
                ids = examples.ids if id in current else examples.ids | examples.aliases
                try:
                    with store.open(name) as file:
                        if examples.in_file(file, () if other else ids):
                            (remains.others if other else remains.ours).append(
                                f"{store.name}: {name}"
                            )
                except NotOpened as error:
                    if not other:
                        remains.unopened.append(f"{store.name}: {name} ({error})")

    def in_git(self) -> None:
        for name, reason in self._scope.history.holders(self._examples).items():
            about = f" ({reason})" if reason else ""
            self.remains.history[f"git object {name}{about}"] = commits_with(name)
        for path in own_files():
            try:
                with path.open("rb") as file:
                    if self._examples.in_file(file, self._examples.ids, digests=False):
                        self.remains.history[f"git's own file {path}"] = []
            except (OSError, NotOpened):  # a lock that is gone
                continue
        named = {commit for commits in self.remains.history.values() for commit in commits}
        self.remains.stashed = [s for s in stashes() if any(map(s.startswith, named | self._built))]

    def _in_worktree(self, root: Path) -> None:
        for path in files_below(root):
            treatment = self._workspace.treatment(path.relative_to(root))
            if treatment in (*PASSED_OVER, Treatment.OF_PEOPLE):
                continue
            if self._holds(path, self._examples.ids):
                self.remains.worktrees.append(str(path))

    def _holds(self, path: Path, ids: Collection[str]) -> bool:
        try:
            if is_name_of(str(path), ids):
                return True
            with path.open("rb") as file:
                digests = not path.is_relative_to(OPTOUT_DIR)
                return self._examples.in_file(file, ids, digests=digests)
        except FileNotFoundError:  # removed meanwhile
            return False
        except (OSError, NotOpened) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            self.remains.unopened.append(f"{path} ({reason})")
            return False
