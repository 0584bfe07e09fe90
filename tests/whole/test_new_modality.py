"""A new modality is a folder: the tiny one of tests/support/series goes through all stages."""

import json
import re
import shutil

import pytest

from tests.support.repository import Repository, make_clone
from tests.support.series_project import SERIES, add_modality, use_series, write_waves

MOST_LINES = 230


@pytest.fixture(scope="module")
def waves(tmp_path_factory) -> Repository:
    """A clone in which all stages ran on series; and what they printed."""
    folder = tmp_path_factory.mktemp("series")
    write_waves(folder / "waves")
    (folder / "waves/rising/broken.json").write_text('{"a": [1')
    repository = make_clone(folder / "clone")
    add_modality(repository)
    use_series(repository, folder / "waves")
    repository.commit("series of numbers")
    repository.run("dvc repro")
    repository.commit("results")
    return repository


def report(repository: Repository, name: str) -> dict:
    return json.loads((repository.path / "reports" / name).read_text())


def test_it_is_small():
    code = [
        line
        for path in SERIES.rglob("*.py")
        for line in re.sub(r'"""(?s:.*?)"""\n', "", path.read_text()).splitlines()
        if line.strip()
    ]
    assert len(code) < MOST_LINES


@pytest.mark.slow  # a minute for all
def test_it_goes_through_all_stages(waves):
    assert report(waves, "ingest.json")["examples"] == 181
    assert report(waves, "validation.json")["quarantined"] == 1
    assert report(waves, "metrics.json")["accuracy"] > 0.9
    index = json.loads((waves.path / "data/shards/index.json").read_text())
    assert index["columns"][0] == {"name": "x", "dtype": "float32", "shape": [24]}
    assert (waves.path / "reports/data/suspected.png").exists() or (
        waves.path / "reports/data/label_issues.png"
    ).exists()
    assert "series of 24 numbers" in (waves.path / "reports/modelcard.md").read_text()


@pytest.mark.slow  # a minute for all
def test_it_answers(waves):
    lines = waves.run("groundwork predict ../waves/rising/000.json ../waves/falling/000.json")
    assert [line.split()[1] for line in lines.splitlines()] == ["rising", "falling"]


@pytest.mark.slow  # a minute for all
def test_an_edit_of_it_runs_nothing_of_images(built, tmp_path):
    """Where params.yaml names images; `built` is finished."""
    folder = built.path / "pipeline/modalities/series"
    shutil.copytree(SERIES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        assert "up to date" in built.run("dvc status")
        for path in folder.rglob("interface.py"):
            path.write_text(path.read_text() + "\n# edited\n")
        assert "up to date" in built.run("dvc status")
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow  # a minute for all
def test_another_modality_than_that_of_the_dataset_is_refused_before_anything_runs(waves):
    output = waves.run("dvc exp run -S modality=images", expect=None)
    assert "Running stage 'check'" in output
    assert "Running stage 'ingest'" not in output
    line = next(line for line in output.splitlines() if line.startswith("ERROR "))
    assert "groundwork use waves" in line
    waves.restore()


@pytest.mark.slow  # a minute for all
def test_a_modality_that_there_is_not_is_refused_in_one_line(waves):
    output = waves.run("dvc exp run -S modality=smells", expect=None)
    assert "Running stage 'ingest'" not in output
    line = next(line for line in output.splitlines() if line.startswith("ERROR "))
    assert "is a dataset of modality series, but params.yaml has modality: smells" in line
    waves.restore()
