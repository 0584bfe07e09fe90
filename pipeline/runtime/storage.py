"""Where DVC and git keep things: caches, remotes, run-caches, experiments, the objects of git."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

MAX_LISTING_BYTES = 64 << 20


@dataclass(frozen=True)
class Store:
    """A folder tree of DVC: `files/md5/<xx>/<rest>` and `runs/…`; the cache, or a remote."""

    name: str
    filesystem: Any
    """As dvc_objects has them: find, open, remove, isdir."""
    root: str

    def objects(self) -> Iterator[str]:
        """Paths of all stored files and folder listings."""
        yield from self._files(f"{self.root}/files/md5")

    def runs(self) -> Iterator[str]:
        """Paths of the entries of the run-cache."""
        yield from self._files(f"{self.root}/runs")

    def open(self, path: str) -> BinaryIO:
        file: BinaryIO = self.filesystem.open(path, "rb")
        return file

    def read(self, path: str) -> bytes:
        with self.open(path) as file:
            return file.read()

    def remove(self, path: str) -> None:
        self.filesystem.remove(path)

    def _files(self, folder: str) -> list[str]:
        if not self.filesystem.isdir(folder):
            return []
        return sorted(str(path) for path in self.filesystem.find(folder))


def stores() -> list[Store]:
    """The cache of this repository and every remote that is configured."""
    from dvc.repo import Repo

    repository = Repo()
    local = repository.cache.local
    found = [Store("the DVC cache", local.fs, _two_up(local.path))]
    for name in repository.config["remote"]:
        remote = repository.cloud.get_remote_odb(name)
        found.append(Store(f"the remote {name}", remote.fs, _two_up(remote.path)))
    return found


def object_id(path: str) -> str:
    """The md5 under which DVC knows an object, from `…/562ee…/…`; `.dir` for a folder."""
    first, rest = path.rsplit("/", 2)[-2:]
    return first + rest


def listing(store: Store, path: str) -> set[str]:
    """Ids of the objects in a folder that DVC stored."""
    return {entry["md5"] for entry in json.loads(store.read(path))}


@dataclass(frozen=True)
class Lock:
    """A version of dvc.lock and the commits that have it."""

    commits: tuple[str, ...]
    outputs: dict[str, str]
    """Id of each output, by its path."""


def locks() -> list[Lock]:
    """Every version of dvc.lock in every commit, those of experiments and stashes among them."""
    blobs: dict[str, list[str]] = {}
    for commit in git("rev-list", "--all").split():
        found = git("ls-tree", commit, "dvc.lock").split()
        if found:
            blobs.setdefault(found[2], []).append(commit)
    return [Lock(tuple(c), _outputs(git("cat-file", "blob", blob))) for blob, c in blobs.items()]


def experiment_refs() -> dict[str, str]:
    """Refs of experiments, queued ones among them, with their commits."""
    lines = git("for-each-ref", "--format=%(refname) %(objectname)", "refs/exps").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def git_objects() -> Iterator[tuple[str, bytes]]:
    """Every object that git keeps, packed or loose, reachable or not."""
    process = subprocess.Popen(
        ["git", "cat-file", "--batch-all-objects", "--batch", "--buffer"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout as stream:
        while header := stream.readline().split():
            content = stream.read(int(header[2]))
            stream.read(1)
            yield header[0].decode(), content
    process.wait()


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], check=True, capture_output=True, text=True, errors="replace"
    ).stdout


def _outputs(lock: str) -> dict[str, str]:
    """Paths and ids in a dvc.lock, which DVC writes one key a line."""
    from ruamel.yaml import YAML

    stages = (YAML(typ="safe").load(lock) or {}).get("stages", {})
    return {
        out["path"]: out["md5"]
        for stage in stages.values()
        for out in stage.get("outs", [])
        if "md5" in out
    }


def _two_up(path: str) -> str:
    return re.sub(r"/files/md5/?$", "", str(Path(path)) if "://" not in path else path)
