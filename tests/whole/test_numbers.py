"""The target `numbers` with the modality of images: from a manifest to an estimate in its units."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from pipeline.dataset.table import read_folder, read_index
from tests.support.repository import Repository, make_clone

pytestmark = pytest.mark.slow

NUM = 360
UNIT, ORIGIN = 25.0, 1000.0
"""The number of a digit is 25 times the digit, and a thousand."""


def write_manifest(folder: Path) -> None:
    """Pictures of digits with a number each; a line without one, one with no number."""
    folder.mkdir()
    digits = load_digits()
    noise = np.random.default_rng(0).normal(0, 3, NUM)
    lines = ["file,dose"]
    for row in range(NUM):
        pixels = (digits.images[row] * 15.9).astype(np.uint8)
        Image.fromarray(pixels).resize((16, 16)).save(folder / f"{row:03d}.png")
        dose = f"{ORIGIN + UNIT * digits.target[row] + noise[row]:.3f}"
        lines.append(f"{row:03d}.png,{ {0: '', 1: 'much'}.get(row, dose) }")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def doses(tmp_path_factory) -> Repository:
    """A clone in which all stages ran on pictures with numbers."""
    folder = tmp_path_factory.mktemp("numbers")
    write_manifest(folder / "doses")
    repository = make_clone(folder / "clone")
    (repository.path / "data/catalog/doses.yaml").write_text(
        f"uri: {folder}/doses\nlicense: CC0-1.0\nmodality: images\ntarget: numbers\n"
        "columns: {image: file, target: dose}\n"
    )
    repository.run("groundwork use doses")
    quick = {"epochs": 8, "lr": 0.003, "clean": {"folds": 2, "epochs": 2}, "augment": {"copies": 2}}
    repository.set_params(quick)
    repository.commit("pictures with numbers")
    repository.run("dvc repro")
    return repository


def report(repository: Repository, name: str) -> dict:
    return json.loads((repository.path / "reports" / name).read_text())


def test_a_number_goes_through_all_stages(doses):
    assert report(doses, "ingest.json")["examples"] == NUM - 1
    assert report(doses, "validation.json")["quarantined"] == 1
    table = read_folder(doses.path / "data/clean")
    assert {"target", "target_given"} <= set(table.schema.names)
    train = table.filter(np.array(table["split"].to_pylist()) == "train")["target"].to_numpy()
    target = read_index(doses.path / "data/shards")["target"]
    assert target == {"scale": "standard", "mean": train.mean(), "std": train.std()}
    assert json.loads((doses.path / "models/model.json").read_text())["target"] == target


def test_metrics_are_in_the_units_of_the_source(doses):
    metrics = report(doses, "metrics.json")
    assert list(metrics)[:4] == ["mae", "rmse", "r2", "coverage"]
    assert 0 < metrics["mae"] < 2 * UNIT
    assert metrics["r2"] > 0.5
    assert 0.7 < metrics["coverage"] <= 1
    card = (doses.path / "reports/modelcard.md").read_text()
    assert "It estimates a number. Those of train have mean 11" in card
    assert "# the number that it estimates\n" in card
    assert "probability" not in card
    for name in ("predicted", "residuals", "coverage", "slices", "robustness", "mistakes"):
        assert (doses.path / f"reports/model/{name}.png").exists()


def test_plots_are_shown_without_a_warning(doses):
    assert "WARNING" not in doses.run("dvc plots show")


def test_it_answers_in_the_units_of_the_source(doses):
    zero, six = (
        json.loads(doses.run(f"groundwork predict --json ../doses/{row:03d}.png"))["number"]
        for row in (10, 6)
    )
    assert abs(zero - ORIGIN) < 3 * UNIT
    assert abs(six - (ORIGIN + 6 * UNIT)) < 3 * UNIT
    assert zero < six
