"""A repository with photos of people, built in two commits and experiments, and its remote."""

import shutil
from pathlib import Path

import pytest

from tests.support.forgetting import COPY, FORGOTTEN, photo
from tests.support.repository import Repository, make_clone

QUICK = {
    "dataset": "people",
    "model": "article_cnn",
    "epochs": 1,
    "clean": {"folds": 0},
    "augment": {"copies": 2},
    "validate": {"max_quarantined_fraction": 0.5},
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, a clone that knows them in two commits and an experiment, a remote."""
    root = tmp_path_factory.mktemp("made")
    for person in range(2):
        folder = root / "people" / ["ada", "bob"][person]
        folder.mkdir(parents=True)
        for number in range(40):
            (folder / f"{number:03d}.jpg").write_bytes(photo(100 * person + number, person))
    shutil.copy(root / "people" / FORGOTTEN[0], root / "people" / COPY)
    said = [f"{id},{who},ada" for id in (*FORGOTTEN, "ada/005.jpg") for who in ("eve", "eli")]
    (root / "said.csv").write_text("\n".join(["id,annotator,label", *said]))
    clone = make_clone(root / "clone")
    entry = "uri: ../people\nlicense: CC-BY-4.0\nclasses: [ada, bob]\nannotations: ../said.csv\n"
    (clone.path / "data/catalog/people.yaml").write_text(entry)
    reviews = (
        "id,given,decision,reviewer,note\nada/003.jpg,ada,keep,eve,\nada/005.jpg,ada,keep,eve,\n"
    )
    (clone.path / "data/reviews/people.csv").write_text(reviews)
    clone.set_params(QUICK)
    clone.run("dvc remote add --default store ../store")
    clone.commit("people")
    clone.run("dvc exp run --name first && dvc exp apply -q first")
    clone.commit("results")
    clone.run("dvc push -q --run-cache")
    clone.run("dvc exp run --queue -S lr=0.003 --name later")
    return root


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Repository:
    for name in ("people", "clone", "store"):
        shutil.copytree(made / name, tmp_path / name, symlinks=True)
    shutil.copy(made / "said.csv", tmp_path)
    return Repository(tmp_path / "clone")
