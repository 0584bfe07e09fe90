"""What tests of the pipeline as a whole share, and which tests share a process."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from repository import QUICK, ROOT, Repository, make_clone

# The tests that read the clones `newcomer` and `built`, each half a minute's work.
READ_THE_CLONES = {"tests/test_pipeline.py", "tests/test_readme.py"}

if "PYTEST_XDIST_WORKER" in os.environ:
    # The other cores are busy with other tests. Threads that wait for each other in a loop would
    # take the core from those that they wait for: a step of training with two threads on one core
    # took 2 s instead of 0.05 s. Their number, and so every byte, stays.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GROUNDWORK_WORKERS", "1")

ELSEWHERE = {
    "PYTHONHASHSEED": "77",
    "TZ": "Pacific/Auckland",
    "LC_ALL": "C",
    "GROUNDWORK_WORKERS": "3",
    "OMP_NUM_THREADS": "1",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Tests of a file stay in one process, as do those that read the same clones."""
    from xdist.scheduler import LoadFileScheduling

    class ByFixtures(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "the clones" if file in READ_THE_CLONES else file

    config.option.loadscopereorder = False  # else files with many small tests come first
    return ByFixtures(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other processes, begin with what takes long: the clones, then other whole runs."""

    def late(item: pytest.Item) -> tuple[bool, int]:
        file = item.nodeid.split("::")[0]
        return file not in READ_THE_CLONES, file.count("/")

    if hasattr(config, "workerinput"):  # in a process of pytest-xdist
        items.sort(key=late)


@pytest.fixture
def clone(tmp_path: Path) -> Repository:
    """A fresh clone."""
    return make_clone(tmp_path / "clone")


@pytest.fixture
def quick_clone(clone: Repository) -> Repository:
    """A fresh clone whose params make every stage quick."""
    clone.set_params(QUICK)
    clone.commit("quick params")
    return clone


@dataclass(frozen=True)
class FirstRun:
    """A clone after the first command of README.md, and what that printed."""

    repository: Repository
    printed: str


@pytest.fixture(scope="session")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    """Only to be read: tests that go on from here copy it."""
    clone = make_clone(tmp_path_factory.mktemp("newcomer") / "clone")
    (clone.path / ".venv").symlink_to(sys.prefix)
    installed = Path(sys.prefix) / "requirements.installed"
    locked = (ROOT / "requirements.txt").read_text()
    as_locked = installed.exists() and installed.read_text() == locked
    # Another environment is taken as it is, since `make env` would make it anew.
    return FirstRun(clone, clone.run("make run" if as_locked else "make --assume-old=env run"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone after `dvc repro` from nothing; tests leave it as they found it.

    Nothing that surrounds the run is as for `newcomer`, with whose bytes it is compared.
    """
    repository = make_clone(tmp_path_factory.mktemp("built") / "an other" / "place")
    repository.run("dvc repro --force", env=ELSEWHERE)
    repository.commit("results")
    return repository
