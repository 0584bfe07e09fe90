"""Real runs of several kinds of data are promoted, and go back: what is served of each is asked."""

import pytest

from tests.support.repository import Repository, make_clone

pytestmark = pytest.mark.slow

RUNS = {"breast_cancer": 200, "diabetes": 200}
"""Datasets inside of scikit-learn, and how many test examples are asked about at most."""


@pytest.fixture(scope="module", params=list(RUNS))
def run(request, tmp_path_factory) -> Repository:
    """A clone in which all stages ran."""
    repository = make_clone(tmp_path_factory.mktemp(request.param) / "clone")
    repository.run(f"groundwork use {request.param}")
    repository.commit("a dataset")
    repository.run("dvc repro")
    repository.commit("results")
    return repository


def test_the_first_release_another_run_and_the_way_back(run, tmp_path):
    said = run.run("groundwork promote --not-worse")
    assert "  served copy       PASS          starts; " in said
    assert "tagged classifier@v1.0.0 and classifier#production#1" in said
    first = run.digests("models/serving")
    # Trained for an epoch: it surely does not win.
    run.run("dvc exp run -q -S epochs=1 -S lr=0.00001")
    run.commit("hardly trained")
    said = run.run("groundwork promote", expect=1)
    assert "nothing is tagged" in said
    for check in ("test split", "slices", "served copy"):
        assert f"  {check}" in said, said
    assert "  served copy       PASS" in said
    run.run("git tag -a -m x classifier@v1.1.0 && git tag -a -m x 'classifier#production#2'")
    assert "production is v1.0.0 again" in run.run("groundwork promote --rollback")
    run.run(f"dvc artifacts get {run.path} classifier --stage production -o {tmp_path / 'now'}")
    now = Repository(tmp_path).digests("now")
    assert [*now.values()] == [*first.values()]
