"""`predict` classifies what it can, seen as in training, and names what it cannot."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.commands.frame import run_command
from pipeline.commands.predict import __main__ as predict
from pipeline.commands.predict.arguments import parser
from pipeline.learning import answering
from pipeline.learning.device import Device
from pipeline.learning.inference import predict as outputs_of
from pipeline.learning.model_file import save_model
from pipeline.modalities.images.encode.pixels import resize
from pipeline.modalities.opening import open_network
from pipeline.targets.opening import open_judging
from tests.support.repository import ROOT

CLASSES = ["Katze", "dog"]
SHAPE = (8, 8, 3)
ABOUT = {
    "model": "article_cnn",
    "modality": "images",
    "preparation": {
        "shape": SHAPE,
        "resize": "pad",
        "mean": [120.0, 100.0, 90.0],
        "std": [60.0, 50.0, 40.0],
    },
    "target_kind": "classes",
    "target": {"classes": CLASSES},
}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder with params.yaml and a model; commands run in it."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    save(ABOUT)
    return tmp_path


def save(about: dict) -> torch.nn.Module:
    torch.manual_seed(0)
    build = open_network("images").build
    network = build("article_cnn", ABOUT["preparation"], 2, None)
    Path("models").mkdir(exist_ok=True)
    save_model(network, Path("models/model.safetensors"), Path("models/model.json"), about)
    return network


def paint(path: str, size: tuple[int, int] = (30, 20)) -> np.ndarray:
    pixels = np.random.default_rng(len(path)).integers(0, 256, (*size, 3), dtype=np.uint8)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.fixture
def ask(project, capsys):
    """Runs the command; returns its status and what it printed on stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            run_command(lambda: predict.main(parser().parse_args(arguments)))
        return (int(caught.value.code or 0), *capsys.readouterr())

    return run


def test_images_are_seen_as_in_training(ask):
    pixels = paint("a.png")
    seen = {"x": np.stack([resize(pixels, *SHAPE, "pad")])}
    outputs = outputs_of(save(ABOUT), seen, Device("cpu", bf16=False))
    (expected,) = open_judging("classes").probabilities(outputs)
    status, out, err = ask("a.png")
    best = int(expected.argmax())
    assert (status, out, err) == (0, f"a.png  {CLASSES[best]}  {expected[best]:.4f}\n", "")
    _, out, _ = ask("--json", "a.png")
    answer = json.loads(out)
    assert (answer["path"], answer["class"]) == ("a.png", CLASSES[best])
    assert list(answer["probabilities"]) == CLASSES
    assert list(answer["probabilities"].values()) == pytest.approx(expected, abs=1e-5)


def test_files_and_folders_in_order(ask):
    for name in ("z.png", "pets/b.JPG", "pets/a/c.png", "pets/a/notes.txt"):
        if name.endswith("txt"):
            Path(name).write_text("no image")
        else:
            paint(name)
    status, out, _ = ask("z.png", "pets")
    paths = [line.split("  ")[0] for line in out.splitlines()]
    assert paths == ["z.png", "pets/a/c.png", "pets/b.JPG"]
    assert status == 0


def test_what_cannot_be_read_costs_the_others_nothing(ask):
    paint("good.png")
    paint("large.png", (3000, 10))
    Path("half.png").write_bytes(Path("good.png").read_bytes()[:300])
    Path("text.jpg").write_text("no image")
    Path("empty").mkdir()
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("max_megapixels: 100", "max_megapixels: 0.001"))
    status, out, err = ask(
        "text.jpg", "good.png", "missing.png", "empty", "half.png", "large.png", "a" * 300
    )
    assert [line.split("  ")[0] for line in out.splitlines()] == ["good.png"]
    assert status == 1
    fix = " | fix: give an image in one of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM"
    assert err.splitlines() == [
        "ERROR text.jpg cannot be read: "
        "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, but text" + fix,
        "ERROR missing.png cannot be read: No such file or directory" + fix,
        "ERROR empty cannot be read: a folder without images" + fix,
        "ERROR half.png cannot be read: damaged pixels: image file is truncated" + fix,
        "ERROR large.png cannot be read: 10 x 3000 pixels, more than 1000 allowed" + fix,
        f"ERROR {'a' * 300} cannot be read: File name too long" + fix,
    ]


def test_a_name_cannot_break_the_line(ask):
    paint("a\nb.png")
    _, out, _ = ask("a\nb.png")
    assert out.startswith("a\\nb.png  ")
    assert out.count("\n") == 1


def test_many_images_in_several_batches(ask, monkeypatch):
    for number in range(5):
        paint(f"many/{'x' * number}y.png")
    _, whole, _ = ask("many")
    monkeypatch.setattr(answering, "EXAMPLES_AT_ONCE", 2)
    assert ask("many")[1] == whole
    monkeypatch.setattr(answering, "BYTES_AT_ONCE", 1)
    assert ask("many")[1] == whole
    assert whole.count("\n") == 5


def test_without_a_model(ask):
    paint("a.png")
    Path("models/model.json").unlink()
    line = "ERROR models/model.json does not exist | fix: dvc repro train\n"
    assert ask("a.png") == (1, "", line)


def test_a_model_that_does_not_say_how_it_sees(ask):
    paint("a.png")
    save({key: value for key, value in ABOUT.items() if key != "preparation"})
    assert ask("a.png") == (
        1,
        "",
        "ERROR models/model.json has no preparation: it is of an older version "
        "| fix: dvc repro train\n",
    )
