"""A model comes back as it was, or not at all; nothing in it is code."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.learning.description import COPY_AGAIN, write_description
from pipeline.learning.device import Device
from pipeline.learning.inference import predict
from pipeline.learning.model_file import load_model, save_model
from pipeline.modalities.images.network.interface import build
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.json_files import seal

CPU = Device("cpu", bf16=False)
ABOUT = {
    "model": "resnet",
    "modality": "images",
    "preparation": {
        "shape": [8, 6, 3],
        "resize": "squash",
        "mean": [120.5, 100.0, 1 / 3],
        "std": [60.0, 50.0, 40.0],
    },
    "target_kind": "classes",
    "target": {"classes": ["Katze", "猫"]},
}


def save(folder: Path, name: str = "resnet") -> torch.nn.Module:
    torch.manual_seed(0)
    network = build(name, ABOUT["preparation"], 2, None)
    images = torch.randint(0, 256, (4, 8, 6, 3), dtype=torch.uint8)
    network({"x": images})  # batch norm has seen something
    network.to(memory_format=torch.channels_last)
    about = ABOUT | {"model": name}
    save_model(network, folder / "model.safetensors", folder / "model.json", about)
    return network


@pytest.mark.parametrize("name", ["resnet", "article_cnn", "torchvision:shufflenet_v2_x0_5"])
def test_round_trip(tmp_path, name):
    network = save(tmp_path, name)
    model = load_model(tmp_path, CPU)
    saved, loaded = network.state_dict(), model.network.state_dict()
    assert list(saved) == list(loaded)
    assert all(torch.equal(loaded[name], tensor) for name, tensor in saved.items())
    assert not model.network.training

    images = torch.randint(0, 256, (5, 8, 6, 3), dtype=torch.uint8)
    logits = predict(model.network, {"x": images}, CPU)
    mean, std = (torch.tensor(ABOUT["preparation"][name]) for name in ("mean", "std"))
    with torch.no_grad():
        expected = network.network.eval()(((images - mean) / std).permute(0, 3, 1, 2))
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)


def test_the_description_ends_with_the_digests_of_the_weights_and_of_itself(tmp_path):
    save(tmp_path)
    digest = hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    text = (tmp_path / "model.json").read_text()
    about = ABOUT | {"weights_sha256": digest}
    assert (
        text == json.dumps(seal(about, "description_sha256"), indent=2, ensure_ascii=False) + "\n"
    )
    assert load_model(tmp_path, CPU).about == about


def test_the_same_network_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save(tmp_path / name)
    for name in ("model.safetensors", "model.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_weights_are_a_json_header_and_numbers_and_nothing_else(tmp_path):
    network = save(tmp_path)
    content = (tmp_path / "model.safetensors").read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    assert set(header) == set(network.state_dict())
    ends = sorted(tuple(entry["data_offsets"]) for entry in header.values())
    assert [start for start, _ in ends] == [0, *(end for _, end in ends[:-1])]
    assert end + ends[-1][1] == len(content)


def describe(folder: Path, **changes: object) -> None:
    """Change a description as somebody would who makes its digest right again."""
    path = folder / "model.json"
    about = json.loads(path.read_text()) | changes
    del about["description_sha256"]
    write_description(path, about)


def refusal(folder: Path) -> str:
    with pytest.raises(MissingInput) as caught:
        load_model(folder, CPU)
    return str(caught.value)


def test_weights_of_another_network_of_that_name_are_refused(tmp_path):
    save(tmp_path, "resnet")
    describe(tmp_path, model="article_cnn")
    assert refusal(tmp_path) == (
        f"ERROR {tmp_path}/model.safetensors is of an older version of article_cnn, "
        f"which has other weights | fix: {COPY_AGAIN}"
    )


def test_weights_that_were_tampered_with_are_refused(tmp_path):
    save(tmp_path)
    weights, description = tmp_path / "model.safetensors", tmp_path / "model.json"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert refusal(tmp_path) == (
        f"ERROR {weights} is not the file that {description} describes | fix: {COPY_AGAIN}"
    )


def test_a_pickle_in_place_of_the_weights_is_never_opened(tmp_path):
    network = save(tmp_path)
    weights = tmp_path / "model.safetensors"
    torch.save(network.state_dict(), weights)
    assert "is not the file that" in refusal(tmp_path)
    describe(tmp_path, weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest())
    assert f"{weights} is no whole safetensors file: " in refusal(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "model.json"])
def test_a_missing_file_names_the_command_that_makes_it(tmp_path, name):
    save(tmp_path)
    (tmp_path / name).unlink()
    assert refusal(tmp_path) == f"ERROR {tmp_path / name} does not exist | fix: dvc repro train"


def test_a_description_of_an_older_version_is_refused(tmp_path):
    save(tmp_path)
    path = tmp_path / "model.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps(about | {"shape": about.pop("preparation")["shape"]}))
    assert refusal(tmp_path) == (
        f"ERROR {path} has no preparation: it is of an older version | fix: dvc repro train"
    )


def test_views_are_those_of_the_recipe(tmp_path):
    network = build("resnet", ABOUT["preparation"], 2, None)
    about = ABOUT | {"recipe": {"views": "mirrored"}}
    save_model(network, tmp_path / "model.safetensors", tmp_path / "model.json", about)
    assert load_model(tmp_path, CPU).network.views == "mirrored"
