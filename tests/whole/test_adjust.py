"""A candidate from unlabelled traffic: served where it wins, refused where only the labels changed.

One project for both: digits, and a network with batch norms, which serves.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.dataset.table import read_folder
from pipeline.modalities.images.content.decoding import decode, encode_png
from pipeline.serving.model import open_model
from tests.support.repository import Repository, make_clone
from tests.support.serving import serving

pytestmark = pytest.mark.slow  # two minutes
NUM_SENT, NUM_LABELLED = 160, 60


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Repository:
    """A project whose first model was promoted."""
    project = make_clone(tmp_path_factory.mktemp("adjust") / "first")
    project.set_params({"model": "resnet", "epochs": 6, "clean": {"folds": 0}})
    project.commit("its own params")
    project.run("dvc repro")
    project.commit("the first model")
    assert "tagged classifier@v1.0.0" in project.run("groundwork promote")
    return project


@pytest.fixture
def project(first, tmp_path) -> Repository:
    shutil.copytree(first.path, tmp_path / "project", symlinks=True)
    return Repository(tmp_path / "project")


def images_of(project: Repository) -> list[tuple[bytes, str]]:
    """Test images and their labels."""
    table = read_folder(project.path / "data/clean", ["image", "label", "split"])
    return [(r["image"], r["label"]) for r in table.to_pylist() if r["split"] == "test"]


def faint(image: bytes) -> bytes:
    """As from a scanner that has lost most of its contrast."""
    return encode_png((decode(image).astype(np.float32) * 0.12 + 140).astype(np.uint8))


def send(project: Repository, images: list[tuple[bytes, str]]) -> None:
    """Traffic without labels, but for the last of it."""
    with serving(project.path, "--keep-contents", "7") as server:
        for place, (image, label) in enumerate(images):
            status, answer = server.ask_json("POST", "/predict", image)
            assert status == 200, answer
            if place >= len(images) - NUM_LABELLED:
                told = {"id": answer["id"], "label": label}
                assert server.ask_json("POST", "/feedback", told)[0] == 200
        server.end()


def accuracy(folder: Path, images: list[tuple[bytes, str]]) -> float:
    model = open_model(folder)
    (answers,) = model.answer([model.prepare([image for image, _ in images])])
    pairs = zip(answers, images, strict=True)
    return float(np.mean([answer.label == label for answer, (_, label) in pairs]))


def test_what_wins_on_labelled_traffic_is_tagged_and_served(project):
    images = [(faint(image), label) for image, label in images_of(project)]
    sent, unseen = images[:NUM_SENT], images[NUM_SENT:]
    before = accuracy(project.path / "models/serving", unseen)
    send(project, sent)
    assert "ALARM" in project.run("groundwork monitor", expect=1)
    printed = project.run("groundwork adjust --name faint")
    assert f"faint: norms from {NUM_SENT} unlabelled examples" in printed
    assert "groundwork promote adjust-faint --by-traffic" in printed
    assert accuracy(project.path / "models/serving", unseen) == before, "nothing is applied unseen"

    printed = project.run("groundwork promote adjust-faint --by-traffic")
    assert "labelled traffic  PASS" in printed, printed
    assert "tagged classifier@v1.1.0 and classifier#production#2" in printed
    project.run(f"dvc artifacts get {project.path} classifier --stage production -o served")
    after = accuracy(project.path / "served", unseen)
    assert after > before + 0.2, (before, after)
    served, at_first = (
        json.loads((project.path / folder / "serving.json").read_text())["weights_sha256"]
        for folder in ("served", "models/serving")
    )
    assert served == at_first, "the same weights, adjusted"


def test_where_the_labels_changed_it_is_refused(project):
    """Images are as they were, but of two digits alone."""
    some = [(image, label) for image, label in images_of(project) if label in ("3", "8")]
    send(project, [*some, *some[:NUM_LABELLED]])
    printed = project.run("groundwork adjust --what norms --name pairs")
    assert "groundwork promote adjust-pairs --by-traffic" in printed
    printed = project.run("groundwork promote adjust-pairs --by-traffic", expect=1)
    assert "labelled traffic  FAIL" in printed, printed
    assert "nothing is tagged" in printed
    printed = project.run("groundwork promote adjust-pairs", expect=1)
    assert "nothing is tagged" in printed
