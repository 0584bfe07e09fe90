"""DVC's storage: its cache, remotes, run-caches, and every version of dvc.lock."""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.commands.forget.history import versions_of
from pipeline.runtime.errors import ForgetError

RWLOCK = Path(".dvc/tmp/rwlock")
LOCK_FILE = Path("dvc.lock")
# DVC 2 kept objects in `<xx>/<rest>` below the root itself, and DVC 3 still keeps some there.
OBJECT = re.compile(r"(?:/files/md5)?/[0-9a-f]{2}/[0-9a-f]{30}(?:\.dir)?(?:\.[\w-]+)?")


@dataclass(frozen=True)
class Store:
    """A folder tree of DVC: `files/md5/<xx>/<rest>` and `runs/…`; the cache, or a remote."""

    name: str
    filesystem: Any
    """The interface of dvc_objects: find, open, remove, isdir."""
    root: str

    def objects(self) -> list[str]:
        """Paths of all stored files and folder listings."""
        return [path for path in self._files() if OBJECT.fullmatch(path.removeprefix(self.root))]

    def objects_once(self, seen: Collection[str]) -> Iterator[tuple[str, str]]:
        """Paths and ids of the stored files whose ids are not in `seen`."""
        for path in self.objects():
            if not path.endswith(".dir") and object_id(path) not in seen:
                yield path, object_id(path)

    def runs(self) -> list[str]:
        """Paths of the entries of the run-cache."""
        return [path for path in self._files() if path.startswith(f"{self.root}/runs/")]

    def open(self, path: str) -> BinaryIO:
        with self._understood(path):
            file: BinaryIO = self.filesystem.open(path, "rb")
            return file

    def read(self, path: str) -> bytes:
        with self._understood(path), self.filesystem.open(path, "rb") as file:
            content: bytes = file.read()
            return content

    def remove(self, path: str) -> None:
        with self._understood(path):
            self.filesystem.remove(path)

    def _files(self) -> list[str]:
        with self._understood(self.root):
            self.filesystem.fs.invalidate_cache()
            if not self.filesystem.isdir(self.root):
                return []
            return sorted(str(path) for path in self.filesystem.find(self.root))

    @contextmanager
    def _understood(self, path: str) -> Iterator[None]:
        """Translate the many errors of storages into ForgetError."""
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:
            raise ForgetError(
                f"{self.name} does not work at {path}: {type(error).__name__}: {error}",
                fix="check its address, the network and your rights, then run it again",
            ) from error


def open_repository() -> Any:
    """DVC's own view of this repository.

    Raises:
        ForgetError: DVC does not know it, or cannot read its configuration.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        return Repo()
    except DvcException as error:
        raise ForgetError(f"DVC cannot open this repository: {error}", fix="mend that") from None


def stores(repository: Any) -> list[Store]:
    """The cache of this repository and every configured remote.

    Raises:
        ForgetError: a remote cannot be opened.
    """
    local = repository.cache.local
    found = [Store("the DVC cache", local.fs, _two_up(local.path))]
    for name in repository.config["remote"]:
        try:
            remote = repository.cloud.get_remote_odb(name)
            found.append(Store(f"the remote {name}", remote.fs, _two_up(remote.path)))
        except Exception as error:
            raise ForgetError(
                f"the remote {name} cannot be opened: {type(error).__name__}: {error}",
                fix="mend it (dvc remote list), or take it out of the configuration",
            ) from error
    return found


def object_id(path: str) -> str:
    """The md5 of an object, from its path `…/56/2ee…`; with `.dir` for a folder."""
    first, rest = path.rsplit("/", 2)[-2:]
    return first + rest


def listing(store: Store, path: str) -> set[str]:
    """Ids of the objects in a folder that DVC stored."""
    try:
        return {entry["md5"] for entry in json.loads(store.read(path))}
    except (ValueError, KeyError, TypeError):
        raise ForgetError(
            f"{store.name}: {path} is damaged: it should list the files of a folder",
            fix=f"remove it ({path}); dvc push or dvc repro brings it back where it is needed",
        ) from None


def busy() -> list[str]:
    """Running commands of DVC, from its read-write lock."""
    import psutil  # type: ignore[import-untyped]

    try:
        held = json.loads(RWLOCK.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    holders = list(held.get("write", {}).values())
    holders += [holder for readers in held.get("read", {}).values() for holder in readers]
    return sorted({f"{h['cmd']} ({h['pid']})" for h in holders if psutil.pid_exists(h["pid"])})


@contextmanager
def locked(repository: Any) -> Iterator[None]:
    """Lock out other commands of DVC.

    Raises:
        ForgetError: one is running.
    """
    from dvc.lock import LockError

    running = busy()
    try:
        if running:
            raise LockError(running[0])
        repository.lock.lock()
    except LockError as error:
        raise ForgetError(
            f"DVC is at work in this repository: {running[0] if running else error}",
            fix="wait until it is done, then run this again",
        ) from None
    try:
        yield
    finally:
        repository.lock.unlock()


class Step(NamedTuple):
    """A stage in a dvc.lock."""

    dataset: str | None
    """The parameter `dataset`, if the stage has it."""
    inputs: dict[str, str]
    """Ids by path."""
    outputs: dict[str, str]


@dataclass(frozen=True)
class Lock:
    """A version of dvc.lock and the commits that have it."""

    commits: tuple[str, ...]
    steps: tuple[Step, ...] | None
    """The stages; None if it cannot be read."""

    @property
    def outputs(self) -> dict[str, str]:
        """Id of each output, by its path."""
        return {path: id for step in self.steps or () for path, id in step.outputs.items()}


def locks() -> list[Lock]:
    """Every version of dvc.lock that git knows: of branches, tags, experiments, stashes, reflogs.

    And the one in the workspace, which has no commits. One committed half merged is unreadable, so
    that its commits cannot be judged.
    """
    versions = []
    for content, commits in versions_of(LOCK_FILE):
        try:
            versions.append(_lock(content.decode("utf-8", "replace"), commits))
        except (YAMLError, AttributeError, TypeError, KeyError):
            versions.append(Lock(tuple(commits), None))
    return [*versions, current_lock()]


def current_lock() -> Lock:
    """The dvc.lock in the workspace.

    Raises:
        ForgetError: it was cut, or is half merged.
    """
    try:
        return _lock(LOCK_FILE.read_text(encoding="utf-8") if LOCK_FILE.exists() else "", [])
    except (ValueError, YAMLError, AttributeError, TypeError, KeyError):
        raise ForgetError(
            f"{LOCK_FILE} cannot be read",
            fix="mend it: groundwork repair, or git checkout dvc.lock",
        ) from None


def _lock(text: str, commits: list[str]) -> Lock:
    return Lock(tuple(commits), _steps(text))


@lru_cache(1024)  # reading one takes as long as all later work on it
def _steps(text: str) -> tuple[Step, ...]:
    steps = []
    for stage in ((YAML(typ="safe").load(text) or {}).get("stages") or {}).values():
        values = [of_file for of_file in stage.get("params", {}).values() if of_file]
        given = [of_file["dataset"] for of_file in values if "dataset" in of_file]
        paths = [
            {entry["path"]: entry["md5"] for entry in stage.get(section, []) if "md5" in entry}
            for section in ("deps", "outs")
        ]
        steps.append(Step(given[0] if given else None, *paths))
    return tuple(steps)


def _two_up(path: str) -> str:
    return re.sub(r"/files/md5/?$", "", str(Path(path)))
