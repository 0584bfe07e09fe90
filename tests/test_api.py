"""`groundwork` in Python says what the command says, and gives the shards as they are."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

import groundwork
from pipeline.learning.model_file import save_model
from pipeline.modalities.opening import open_network
from tests.support.repository import ROOT
from tests.support.shards import shard, write_shards

CLASSES = ["Katze", "dog"]
ABOUT = {
    "model": "article_cnn",
    "modality": "images",
    "preparation": {
        "shape": [8, 8, 3],
        "resize": "pad",
        "mean": [120.0, 100.0, 90.0],
        "std": [60.0, 50.0, 40.0],
    },
    "target_kind": "classes",
    "target": {"classes": CLASSES},
}


@pytest.fixture
def model(here) -> groundwork.Model:
    """Of the folder `models`, beside which are three images and a text."""
    torch.manual_seed(0)
    network = open_network("images").build("article_cnn", ABOUT["preparation"], 2, None)
    Path("models").mkdir()
    save_model(network, Path("models/model.safetensors"), Path("models/model.json"), ABOUT)
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (30, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(f"{number}.png")
    Path("text.jpg").write_text("no image")
    return groundwork.load("models")


def test_answers_are_those_of_the_command(model):
    command = [sys.executable, "-m", "pipeline.commands.predict", "--json", "0.png", "1.png"]
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text())
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    expected = [json.loads(line) for line in printed.stdout.splitlines()]
    found = model.predict(["0.png", Path("1.png")])
    assert [
        {
            "path": f"{number}.png",
            "class": prediction.label,
            "probability": prediction.probability,
            "probabilities": prediction.probabilities,
        }
        for number, prediction in enumerate(found)
    ] == expected
    assert (len(found), model.labels, model.about["model"]) == (2, CLASSES, "article_cnn")


def test_bytes_are_read_like_files_and_one_may_be_asked_about_alone(model):
    (of_path,) = model.predict("2.png")
    assert model.predict(Path("2.png").read_bytes()) == [of_path]
    assert of_path.label in CLASSES
    assert of_path.probability == max(of_path.probabilities.values())
    assert model.predict([]) == []


def test_what_cannot_be_read_is_named_with_its_place_and_reason(model):
    examples = ["0.png", "missing.png", b"no image", "1.png", "text.jpg"]
    with pytest.raises(groundwork.Unreadable) as caught:
        model.predict(examples)
    formats = "JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM"
    assert caught.value.problems == {
        1: "No such file or directory",
        2: f"no image in any of {formats}, but text",
        4: f"no image in any of {formats}, but text",
    }
    assert str(caught.value) == (
        "ERROR missing.png cannot be read: No such file or directory (and 2 more) "
        f"| fix: give an image in one of {formats}"
    )
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems
    readable = [e for place, e in enumerate(examples) if place not in caught.value.problems]
    assert len(model.predict(readable)) == 2


def test_bytes_may_not_be_more_than_a_file_may(model, monkeypatch):
    monkeypatch.setattr(model._answering, "_max_bytes", 10.0)
    with pytest.raises(
        groundwork.Unreadable, match=r"^ERROR example 0 cannot be read: larger than"
    ):
        model.predict(b"x" * 11)


def test_without_a_model(here):
    with pytest.raises(groundwork.Error, match=r"models/model\.json does not exist"):
        groundwork.load()


@pytest.fixture
def folder(tmp_path) -> Path:
    """Shards of 7 examples of train in two files of each copy, and 2 of val."""
    write_shards(
        tmp_path,
        ("train", 0, shard(0, 4)),
        ("train", 1, shard(100, 4)),
        ("train", 0, shard(4, 3)),
        ("train", 1, shard(104, 3)),
        ("val", 0, shard(50, 2)),
    )
    return tmp_path


@pytest.mark.parametrize(("copy", "start"), [(0, 0), (1, 100)])
def test_shards_are_a_dataset_of_named_tensors(folder, copy, start):
    dataset, expected = groundwork.shards(folder, copy=copy), shard(start, 7)
    assert (len(dataset), dataset.labels) == (7, ["a", "b", "c"])
    assert dataset.preparation["shape"] == [2, 3, 3]
    for number, item in enumerate(dataset):
        assert list(item) == ["x", "y", "weight"]
        assert item["x"].dtype == torch.uint8
        assert item["x"].numpy().tolist() == expected.inputs["x"][number].tolist()
        assert (item["y"].dtype, item["y"].item()) == (torch.int64, expected.y[number])
        assert (item["weight"].dtype, item["weight"].shape) == (torch.float32, ())
        assert item["weight"].item() == expected.weights[number]
    assert dataset[-1]["x"].equal(dataset[6]["x"])
    for number in (7, -8):
        with pytest.raises(IndexError):
            dataset[number]


@pytest.mark.parametrize(
    "workers", [{}, *({"num_workers": 2, "multiprocessing_context": c} for c in ("fork", "spawn"))]
)
def test_a_dataloader_reads_them_with_and_without_workers(folder, workers):
    loader = DataLoader(groundwork.shards(folder), batch_size=3, **workers)
    batches = list(loader)
    assert [len(batch["y"]) for batch in batches] == [3, 3, 1]
    inputs = torch.cat([batch["x"] for batch in batches])
    assert inputs.numpy().tolist() == shard(0, 7).inputs["x"].tolist()


def test_a_row_of_each_row_group_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.dataset.shards.files.GROUP_BYTES", 2 * 2 * 3 * 3)
    write_shards(tmp_path, ("val", 0, shard(0, 5)))
    dataset = groundwork.shards(tmp_path, split="val")
    assert [item["x"].flatten()[0].item() for item in dataset] == [0, 7, 14, 21, 28]


def test_a_split_or_a_copy_that_is_not_there(folder):
    with pytest.raises(groundwork.Error) as caught:
        groundwork.shards(folder, split="val", copy=1)
    assert str(caught.value) == (
        f"ERROR {folder} has no val in copy 1 "
        "| fix: its copies of train are 0 to 1, val and test have copy 0 alone"
    )


def test_damaged_shards_are_refused_at_once(folder):
    path = folder / "train-00002.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(groundwork.Error, match=r"train-00002\.parquet is damaged"):
        groundwork.shards(folder)
    assert len(groundwork.shards(folder, split="val")) == 2


def test_it_is_found_from_elsewhere_by_the_path_of_the_project(tmp_path):
    subprocess.run(
        [sys.executable, "-c", "import groundwork; groundwork.load"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=True,
    )
