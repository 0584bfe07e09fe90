"""A table that comes inside scikit-learn goes through all stages, and its model answers."""

import csv
import json

import pytest
from sklearn.datasets import load_breast_cancer

from tests.support.repository import Repository, make_clone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cancer(tmp_path_factory) -> Repository:
    """A clone in which all stages ran on builtin:breast_cancer."""
    repository = make_clone(tmp_path_factory.mktemp("cancer") / "clone")
    repository.run("groundwork use breast_cancer")
    repository.commit("a table")
    repository.run("dvc repro")
    repository.commit("results")
    return repository


def report(repository: Repository, name: str) -> dict:
    return json.loads((repository.path / "reports" / name).read_text())


def test_it_goes_through_all_stages(cancer):
    assert report(cancer, "ingest.json")["examples"] == 569
    assert report(cancer, "validation.json")["failed_warning"] == 0
    assert report(cancer, "labels.json")["duplicates"] == 0
    assert report(cancer, "metrics.json")["accuracy"] > 0.9
    index = json.loads((cancer.path / "data/shards/index.json").read_text())
    assert index["columns"][0] == {"name": "numbers", "dtype": "float32", "shape": [30]}
    numbers = index["preparation"]["numbers"]
    assert numbers[0]["name"] == "mean radius"
    assert len(numbers[0]["quantiles"]) == 33
    assert "30 numbers" in (cancer.path / "reports/modelcard.md").read_text()
    assert "569 examples of 2 classes" in (cancer.path / "reports/datacard.md").read_text()


def test_it_answers_row_by_row(cancer):
    data = load_breast_cancer()
    path = cancer.path.parent / "patients.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*data.feature_names, "name"])
        writer.writerows([*data.data[row], "who"] for row in (0, 20))
        writer.writerow(["big", *data.data[0][1:], "who"])
    output = cancer.run("groundwork predict ../patients.csv", expect=1)
    assert "patients.csv row 1  malignant" in output
    assert "patients.csv row 2  benign" in output
    assert "row 3 cannot be read: column mean radius: 'big' is no number" in output


def test_rows_are_found_by_their_cells_traced_and_compared(cancer):
    data = load_breast_cancer()
    large = int((data.data[:, 0] > 20).sum())
    found = cancer.run("groundwork find '\"mean radius\" > 20' --ids").split()
    assert len(found) == large > 10
    shown = cancer.run("groundwork find '\"mean radius\" > 20' --sort '\"mean radius\" desc'")
    assert shown.startswith(f"{large} of 569 examples, the first 20\nid ")
    assert " 28.11" in shown.splitlines()[2]
    nearest = cancer.run(f"groundwork find --like {found[0]} --limit 5 --ids 2>/dev/null").split()
    assert nearest[0] == found[0]
    told = cancer.run(f"groundwork trace {found[0]}")
    assert "\nsource " in told
    assert "\ncommit " in told
    assert "examples\nadded       0\n" in cancer.run("groundwork diff")
