"""`predict` asks what is served where that is of the same network: the same answers, no torch."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.learning.model_file import save_model
from tests.support import exported
from tests.support.repository import ROOT, environment

RUN = (
    "import sys; from pipeline.commands.groundwork.__main__ import run; from pathlib import Path\n"
)
RUN += "try: run(['predict', '--json', 'a.png', 'b.png'], Path.cwd())\n"
RUN += "finally: print('torch' in sys.modules, file=sys.stderr)"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A folder with a model, the same model as it is served, and two images."""
    path = tmp_path_factory.mktemp("project")
    (path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (path / "models").mkdir()
    preparation = exported.PREPARATION | {"resize": "squash"}
    about = {
        "model": "resnet",
        "modality": "images",
        "preparation": preparation,
        "target_kind": "classes",
        "target": {"classes": exported.CLASSES},
    }
    description = path / "models/model.json"
    network = exported.some_network().network
    save_model(network, path / "models/model.safetensors", description, about)
    digest = json.loads(description.read_text())["weights_sha256"]
    exported.write_folder(path / "models/serving", preparation=preparation, weights_sha256=digest)
    for name in ("a", "b"):
        values = np.random.default_rng(ord(name)).integers(0, 256, (9, 12, 3), np.uint8)
        Image.fromarray(values).save(path / f"{name}.png")
    return path


def predict(project: Path) -> tuple[list[dict], bool, float]:
    """Answers, whether torch was imported, and the seconds of processor time of a new process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=project,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    *_, has_torch = done.stderr.splitlines()
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    return answers, has_torch == "True", seconds


def test_the_graph_answers_as_the_network_without_torch_and_its_time(project):
    by_graph, has_torch, seconds = predict(project)
    assert not has_torch
    serving = project / "models/serving"
    serving.rename(project / "aside")
    try:
        by_network, has_torch, seconds_with_torch = predict(project)
    finally:
        (project / "aside").rename(serving)
    assert has_torch
    assert [answer["path"] for answer in by_graph] == ["a.png", "b.png"]
    for one, other in zip(by_graph, by_network, strict=True):
        assert one["class"] == other["class"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=2e-5)
    print(f"{seconds:.2f} s with the graph, {seconds_with_torch:.2f} s with torch")
    assert seconds <= 0.4 * seconds_with_torch


@pytest.mark.slow
def test_what_is_served_of_another_network_is_not_asked(project):
    description = project / "models/model.json"
    content = description.read_text()
    serving = project / "models/serving/serving.json"
    text = serving.read_text()
    digest = json.loads(content)["weights_sha256"]
    serving.write_text(text.replace(digest, "0" * 64))
    try:
        _, has_torch, _ = predict(project)
        assert has_torch
    finally:
        serving.write_text(text)


def test_a_damaged_graph_is_said(project):
    graph = project / "models/serving/model.onnx"
    content = graph.read_bytes()
    graph.write_bytes(content[:-1])
    try:
        with pytest.raises(AssertionError, match=r"model\.onnx is not the file that serving\.json"):
            predict(project)
    finally:
        graph.write_bytes(content)
