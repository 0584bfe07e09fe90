"""Weights that do not fit, are damaged or could run code are refused, and what to do is said."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipeline.learning.description import write_description
from pipeline.modalities.images.network.networks import build_network
from pipeline.runtime.errors import MissingInput, SettingsError
from pipeline.train.transfer import check_strategy, strategy_for
from tests.support.pets_network import CLASSES, SHAPE, refusal, save_pets, start
from tests.support.training import assert_same_weights


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_weights_of_another_network_of_ours():
    save_pets("article_cnn")
    assert refusal(SettingsError, "pets") == (
        "ERROR pets is of the network article_cnn, params.yaml: model is resnet"
        " | fix: set model: article_cnn, or take other weights"
    )


def test_weights_of_another_modality():
    save_pets(modality="tables")
    assert refusal(SettingsError, "pets") == (
        "ERROR pets is of tables, params.yaml: modality is images"
        " | fix: take weights that were learnt on images, or train.weights: none"
    )


def test_images_with_other_channels():
    save_pets(shape=(8, 6, 1))
    assert refusal(SettingsError, "pets") == (
        "ERROR pets was trained on images of 1 channels, these have 3"
        " | fix: take weights for such images, or train.weights: none"
    )


FIX = " | fix: set model to the network that the weights are of, or take other weights"


def test_a_file_of_another_network():
    save_file({"layer.weight": torch.zeros(2, 3)}, "some.safetensors")
    num = len(build_network("article_cnn", SHAPE, 2).state_dict()) - 2  # its head may differ
    assert refusal(SettingsError, "some.safetensors", "article_cnn") == (
        "ERROR some.safetensors is not of the network that params.yaml names, article_cnn: "
        f"0.weight should be 32 x 3 x 3 x 3, found nothing (and {num} more){FIX}"
    )


def test_a_tensor_too_many_or_of_another_shape():
    tensors = build_network("article_cnn", SHAPE, 2).state_dict()
    save_file(tensors | {"7.weight": torch.tensor(1.0)}, "more.safetensors")
    named = "is not of the network that params.yaml names, article_cnn:"
    assert refusal(SettingsError, "more.safetensors", "article_cnn") == (
        f"ERROR more.safetensors {named} 7.weight should be nothing, found a number{FIX}"
    )
    save_file(tensors | {"4.bias": torch.zeros(5)}, "other.safetensors")
    assert refusal(SettingsError, "other.safetensors", "article_cnn") == (
        f"ERROR other.safetensors {named} 4.bias should be 128, found 5{FIX}"
    )


def test_an_article_cnn_is_for_images_of_one_size():
    save_pets("article_cnn", (32, 32, 3))
    assert "4.weight should be 128 x 384, found 128 x 8192" in refusal(
        SettingsError, "pets", "article_cnn"
    )


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"])
def test_a_pickle_is_not_opened(suffix):
    Path(f"some{suffix}").write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    assert refusal(SettingsError, f"some{suffix}") == (
        f"ERROR some{suffix} is a pickle, which runs code when it is opened; expected .safetensors"
        ' | fix: python -c "import torch, safetensors.torch as s; s.save_file(torch.load('
        f"'some{suffix}', weights_only=True), 'some.safetensors')\", and name some.safetensors"
    )
    assert not Path("opened").exists()


def test_the_command_against_a_pickle_works(tmp_path):
    network = save_pets(classes=CLASSES)
    torch.save(network.state_dict(), "pets.pt")
    command = refusal(SettingsError, "pets.pt").partition("fix: python ")[2].partition(", and")[0]
    subprocess.run(f"{sys.executable} {command}", shell=True, check=True, cwd=tmp_path)
    assert_same_weights(start("pets.safetensors")[0], network)


def test_weights_that_are_not_there():
    assert refusal(MissingInput, "models/start/pets") == (
        "ERROR models/start/pets does not exist; params.yaml: train.weights names it"
        " | fix: put it there, or dvc pull models/start/pets.dvc"
    )


def test_half_a_file():
    save_pets()
    content = Path("pets/model.safetensors").read_bytes()
    Path("half.safetensors").write_bytes(content[: len(content) // 2])
    told = refusal(MissingInput, "half.safetensors")
    assert told.startswith("ERROR half.safetensors is no whole safetensors file: ")
    assert told.endswith(" | fix: bring it back, or convert it anew")


def test_other_weights_than_the_description_tells_of():
    save_pets()
    path = Path("pets/model.safetensors")
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert refusal(MissingInput, "pets") == (
        "ERROR pets/model.safetensors is not the file that pets/model.json describes"
        " | fix: groundwork repair --cache && dvc pull --force pets.dvc"
    )


def test_a_folder_without_weights():
    Path("pets").mkdir()
    assert refusal(MissingInput, "pets") == (
        "ERROR pets/model.json does not exist | fix: put it there, or dvc pull pets.dvc"
    )


def test_a_description_of_no_model():
    save_pets()
    Path("pets/model.json").write_text("[]")
    assert refusal(MissingInput, "pets") == (
        "ERROR pets/model.json is damaged: it is no JSON object"
        " | fix: groundwork repair --cache && dvc pull --force pets.dvc"
    )


def test_a_description_that_lacks_something():
    save_pets()
    about = json.loads(Path("pets/model.json").read_text())
    del about["license"], about["description_sha256"]
    write_description(Path("pets/model.json"), about)
    assert refusal(MissingInput, "pets") == (
        "ERROR pets/model.json has no license | fix: copy model.json as the train stage wrote it"
    )


# Settings that go together


@pytest.mark.parametrize("finetune", ["head", "gradual", "layerwise"])
def test_a_strategy_needs_weights(finetune):
    with pytest.raises(SettingsError) as caught:
        check_strategy("none", finetune, 10)
    assert str(caught.value) == (
        f"ERROR params.yaml: train.finetune is {finetune}, but train.weights is none, so that "
        "frozen or slow layers would have learnt nothing"
        " | fix: set train.weights, or train.finetune: all"
    )
    check_strategy("torchvision", finetune, 10)
    check_strategy("none", "all", 1)


def test_unfreezing_takes_two_epochs():
    with pytest.raises(SettingsError) as caught:
        check_strategy("models/start/pets", "gradual", 1)
    assert str(caught.value) == (
        "ERROR params.yaml: train.finetune: gradual needs epochs of at least 2, found 1"
        " | fix: set more epochs, or train.finetune: head"
    )
    check_strategy("models/start/pets", "gradual", 2)


@pytest.mark.parametrize(
    ("finetune", "weights", "num", "expected"),
    [
        ("auto", "models/start/a", 499, "head"),
        ("auto", "models/start/a", 500, "all"),
        ("auto", "none", 20, "all"),
        ("gradual", "models/start/a", 20, "gradual"),
    ],
)
def test_auto_trains_the_head_alone_on_few_examples(finetune, weights, num, expected):
    assert strategy_for(finetune, weights, num, num_outputs=10) == expected
