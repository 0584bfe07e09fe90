"""Finds what was made from some examples: objects of DVC, commits, models, experiments."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.commands.forget.contents.archives import NotOpened
from pipeline.commands.forget.contents.traces import Forgotten
from pipeline.commands.forget.history import addresses, experiments_of, git, git_objects
from pipeline.commands.forget.storage import Lock, Store, listing, locks, object_id
from pipeline.dataset.places import COLLECTED, MODELS, RAW
from pipeline.runtime.errors import ForgetError


@dataclass
class Findings:
    """Objects that hold the examples, or were built with them."""

    bad: set[str] = field(default_factory=set)
    """Ids of the objects to remove, including folders that contain them."""
    models: dict[str, str] = field(default_factory=dict)
    """Path of each model that was trained on them, by its id."""
    commits: list[str] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)
    """Commits whose data is in no store, so that it is unknown whether they had them."""
    experiments: list[str] = field(default_factory=list)
    objects: dict[str, list[str]] = field(default_factory=dict)
    """Paths to remove in each store, by the name of the store."""
    runs: dict[str, list[str]] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    """Addresses of the source in any version of the catalog entry; downloads from there go."""

    def __or__(self, other: "Findings") -> "Findings":
        return Findings(
            self.bad | other.bad,
            self.models | other.models,
            list(dict.fromkeys(self.commits + other.commits)),
            [c for c in other.unjudged if c not in self.commits],
            list(dict.fromkeys(self.experiments + other.experiments)),
            _merged(self.objects, other.objects),
            _merged(self.runs, other.runs),
            list(dict.fromkeys(self.addresses + other.addresses)),
        )


class History:
    """Finds objects of git that hold some examples; searched again when more is known of these."""

    def __init__(self) -> None:
        self._size: tuple[int, ...] = ()
        self._holders: dict[str, str] = {}

    def holders(self, examples: Forgotten) -> dict[str, str]:
        """Objects that hold them, or may hold them, with the reason."""
        while self._size != (size := examples.size()):  # a table has more of their ids
            self._size, self._holders = size, {}
            for name, content in git_objects():
                try:
                    # Their digests stay in data/optout for ever.
                    if examples.in_file(BytesIO(content), examples.ids, digests=False):
                        self._holders[name] = ""
                except NotOpened as error:
                    self._holders[name] = str(error)
        return self._holders


class Scope:
    """The objects of a dataset, by the stages that made them in every dvc.lock."""

    def __init__(self, dataset: str, places: Iterable[Store]) -> None:
        self.addresses = addresses(dataset)
        self.locks: list[Lock] = locks()
        self.history = History()
        self.folders: dict[str, set[str]] = {}
        for store in places:
            for path in store.objects():
                if path.endswith(".dir") and object_id(path) not in self.folders:
                    self.folders[object_id(path)] = listing(store, path)
        made_for = _datasets(self.locks)
        mine = {id for id, datasets in made_for.items() if dataset in datasets}
        self.other_ids = self._with_members(made_for.keys() - mine) - self._with_members(mine)
        """Ids of objects that only other datasets have."""

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
    steps = [step for lock in versions for step in lock.steps or ()]
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
    """Find every stored object with the examples, and all that depends on it.

    `keep` are ids of objects that are needed and known to have none, `models` says whether to
    also remove the models trained on them.
    """
    places = list(places)
    bad: set[str] = set()
    size = None
    while size != examples.size():  # the ids in one object may identify another
        size = examples.size()
        seen = {*bad, *scope.other_ids, *keep}  # the same object may be in several stores
        for store in places:
            for path, id in store.objects_once(frozenset(seen)):
                seen.add(id)
                with store.open(path) as file, suppress(NotOpened):  # the search reports it
                    if examples.in_file(file, examples.ids | examples.aliases):
                        bad.add(id)
    bad |= {id for id, members in scope.folders.items() if members & bad} - set(keep)
    affected = [lock for lock in scope.locks if bad & set(lock.outputs.values())]
    trained = {
        id: path
        for lock in affected
        for path, id in lock.outputs.items()
        if Path(path).is_relative_to(MODELS) and id not in {*keep, *scope.other_ids}
    }
    trained |= {
        member: path
        for id, path in trained.items()
        for member in scope.folders.get(id, ())
        if member not in {*keep, *scope.other_ids}
    }
    if models:
        bad |= trained.keys()
    commits = [commit for lock in affected for commit in lock.commits]
    unjudged = [
        commit
        for lock in scope.locks
        for commit in lock.commits
        if lock.steps is None
        or lock.outputs.get(str(RAW), "") not in {"", *scope.folders, *scope.other_ids}
    ]
    named = {name for name, reason in scope.history.holders(examples).items() if not reason}
    experiments, of_experiments = experiments_of(set(commits), named)
    commits = list(dict.fromkeys([*commits, *of_experiments]))
    found = Findings(bad, trained, commits, unjudged, experiments, addresses=scope.addresses)
    for store in places:
        found.objects[store.name] = [p for p in store.objects() if object_id(p) in bad]
        found.runs[store.name] = [p for p in store.runs() if _mentions(store.read(p), bad)]
    return found


def refuse_tracked_source(bad: Collection[str], collected: Path) -> None:
    """Check that `dvc add` tracks no data that still has the examples.

    `collected` is rewritten by this command, and may have them.

    Raises:
        ForgetError: it does; erasing the object would take the source from everybody.
    """
    for path in filter(None, git("ls-files", "-z", "--", "*.dvc").split("\0")):
        content = YAML(typ="safe").load(Path(path).read_text(encoding="utf-8")) or {}
        for output in content.get("outs", []):
            file = Path(path).with_name(output["path"])
            if output.get("md5") not in bad or (file == collected and file.exists()):
                continue
            fix = (
                f"delete them in {file}, then: dvc add {path.removesuffix('.dvc')} && "
                "git commit -am 'without them', and run this again"
            )
            if file == collected:
                fix = f"bring it here (dvc checkout {file}), and run this again"
            elif file.is_relative_to(COLLECTED):
                fix = f"forget them there first: groundwork forget --dataset {file.stem}"
            raise ForgetError(
                f"{path} tracks data that has them, the source of this dataset or of another",
                fix=fix,
            )


def _mentions(content: bytes, ids: Iterable[str]) -> bool:
    return any(id.encode() in content for id in ids)


def _merged(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, list[str]]:
    names = dict.fromkeys([*one, *other])
    return {name: sorted({*one.get(name, []), *other.get(name, [])}) for name in names}
