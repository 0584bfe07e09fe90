"""What tests of the pipeline as a whole share."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from repository import QUICK, ROOT, Repository, make_clone

ELSEWHERE = {
    "PYTHONHASHSEED": "77",
    "TZ": "Pacific/Auckland",
    "LC_ALL": "C",
    "GROUNDWORK_WORKERS": "3",
    "OMP_NUM_THREADS": "1",
}


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
