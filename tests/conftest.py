"""What tests of the pipeline as a whole share."""

from pathlib import Path

import pytest

from repository import QUICK, Repository, make_clone


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


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone after `dvc repro` from nothing; tests leave it as they found it."""
    repository = make_clone(tmp_path_factory.mktemp("built") / "clone")
    repository.run("dvc repro --force")
    repository.commit("results")
    return repository
