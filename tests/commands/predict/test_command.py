"""`predict` classifies what it can, seen as in training, and names what it cannot."""

import io
import json
import shutil
import tempfile
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
from tests.support.servers import Web, serve

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


class Stdin:
    """Standard input with these bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_standard_input_is_an_example(ask, monkeypatch):
    paint("a.png")
    _, whole, _ = ask("a.png")
    monkeypatch.setattr("sys.stdin", Stdin(Path("a.png").read_bytes()))
    assert ask("-") == (0, whole.replace("a.png", "-"), "")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "standard input is empty | fix: groundwork predict - < FILE"),
        (
            bytes(2000),
            "standard input has more than the 1000 bytes allowed | fix: raise ingest.max_file_mb, "
            "or give a path",
        ),
        (
            b"no image",
            "- cannot be read: no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, but text "
            "| fix: give an image in one of JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM",
        ),
    ],
)
def test_standard_input_that_is_no_example(ask, monkeypatch, content, line):
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("max_file_mb: 64", "max_file_mb: 0.001"))
    monkeypatch.setattr("sys.stdin", Stdin(content))
    assert ask("-") == (1, "", f"ERROR {line}\n")


def test_addresses_are_fetched_and_nothing_of_them_is_kept(ask, monkeypatch, tmp_path):
    paint("web.png")
    paint("b.png")
    kept = tmp_path / "cache"
    monkeypatch.setenv("GROUNDWORK_CACHE", str(kept))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with serve(Web({"/a.png": Path("web.png").read_bytes(), "/large.png": bytes(2000)})) as web:
        a, missing, large = web.url("/a.png"), web.url("/no.png"), web.url("/large.png")
        page = web.url("/a.png?page")
        params = Path("params.yaml")
        params.write_text(params.read_text().replace("max_file_mb: 64", "max_file_mb: 0.0019"))
        web.faults = ["", "", "", "page"]
        status, out, err = ask(f"{a}?token=S3CR3T", missing, large, page, "b.png")
    assert status == 1
    assert [line.split("  ")[0] for line in out.splitlines()] == [a, "b.png"]
    assert err.splitlines() == [
        f"ERROR {missing} cannot be fetched: the server says 404 Not Found | fix: check the "
        "address, and whether you may have it",
        f"ERROR {large} has 2000 bytes, more than 1900 allowed | fix: raise ingest.max_file_mb, "
        "or leave it out",
        f"ERROR {a} gives a web page instead of a file; a login or a consent page? | fix: open it "
        "in a browser; point the address at the file itself, or download it yourself",
    ]
    assert not kept.exists()
    assert not any((tmp_path / "temporary").iterdir())
