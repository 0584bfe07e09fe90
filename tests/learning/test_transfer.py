"""Training starts from weights that fit, normalises pixels as they were for them, and says so."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from learning.training import assert_same_weights, every_epoch
from safetensors.torch import save_file

from pipeline.learning.loop import fit
from pipeline.learning.model_file import save_model
from pipeline.learning.networks import build_network
from pipeline.learning.transfer import Start, check_strategy, start_training
from pipeline.runtime.errors import GroundworkError, MissingInput, SettingsError

SHAPE, CLASSES = (8, 6, 3), ["cat", "dog"]
MEAN, STD = [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]  # of the data at hand
OURS = {"mean": [120.5, 100.0, 1 / 3], "std": [60.0, 50.0, 40.0]}  # of the model in pets


def save_pets(name: str = "resnet", shape=SHAPE, **changes) -> torch.nn.Module:
    """A trained model in the folder pets."""
    torch.manual_seed(7)
    about = {
        "dataset": "pets",
        "license": "CC0-1.0",
        "model": name,
        "shape": list(shape),
        "classes": ["cow", "hen", "pig"],
        **OURS,
    } | changes
    network = build_network(name, shape, len(about["classes"]))
    network(torch.randn(4, shape[2], *shape[:2]))  # batch norm has seen something
    Path("pets").mkdir(exist_ok=True)
    save_model(network, Path("pets/model.safetensors"), Path("pets/model.json"), about)
    return network


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def start(weights: str, model: str = "resnet", shape=SHAPE, classes=CLASSES, seed: int = 0):
    torch.manual_seed(seed)
    network = build_network(model, shape, len(classes))
    mean, std = MEAN[: shape[2]], STD[: shape[2]]
    begun = start_training(
        network, weights, model=model, shape=shape, classes=classes, mean=mean, std=std
    )
    return network, begun


def refusal(kind: type[GroundworkError], *args, **kwargs) -> str:
    with pytest.raises(kind) as caught:
        start(*args, **kwargs)
    return str(caught.value)


# What is taken over


def test_without_weights_nothing_changes():
    network, begun = start("none")
    torch.manual_seed(0)
    assert_same_weights(network, build_network("resnet", SHAPE, 2))
    assert begun == Start(MEAN, STD, {}, "")


@pytest.mark.parametrize(
    "name", ["resnet", "article_cnn", "whitened_cnn", "torchvision:shufflenet_v2_x0_5"]
)
def test_all_but_the_head_is_taken_when_the_classes_are_others(name):
    pets = save_pets(name).state_dict()
    network, begun = start("pets", name)
    fresh, found = build_network(name, SHAPE, 2).state_dict(), network.state_dict()
    new = [key for key in found if found[key].shape != pets[key].shape]
    assert new == [key for key in list(fresh)[-2:] if key in new] != []
    assert all(torch.equal(found[key], pets[key]) for key in found if key not in new)
    num = len(found)
    assert begun.said == (
        f"starts from pets: {num - len(new)} of {num} tensors, new head of 2 classes"
    )


def test_a_new_head_follows_the_seed():
    save_pets()
    one, again, other = (start("pets", seed=seed)[0] for seed in (0, 0, 1))
    assert_same_weights(one, again)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_of_as_many_other_classes_the_head_is_new_too():
    pets = save_pets(classes=["cow", "hen"])
    network, begun = start("pets")
    assert not torch.equal(network.head.weight, pets.head.weight)
    assert begun.said.endswith("new head of 2 classes")


def test_of_the_same_classes_the_head_is_taken():
    pets = save_pets(classes=CLASSES)
    network, begun = start("pets")
    assert_same_weights(network, pets)
    num = len(pets.state_dict())
    assert begun.said == f"starts from pets: {num} of {num} tensors"


def test_pixels_are_normalised_as_for_the_weights_and_their_origin_is_kept():
    save_pets(start={"weights": "torchvision:resnet18 V1"})
    _, begun = start("pets")
    assert (begun.mean, begun.std) == (OURS["mean"], OURS["std"])
    digest = hashlib.sha256(Path("pets/model.safetensors").read_bytes()).hexdigest()
    assert begun.about == {
        "start": {
            "weights": "pets",
            "sha256": digest,
            "dataset": "pets",
            "license": "CC0-1.0",
            "start": {"weights": "torchvision:resnet18 V1"},
        }
    }


def test_images_of_another_size_are_told():
    save_pets(shape=(32, 16, 3))
    _, begun = start("pets")
    assert begun.said.endswith("; was trained on 16 x 32 pixels, these are 6 x 8")


def test_a_file_of_tensors_says_neither_its_classes_nor_its_pixels():
    pets = save_pets(classes=CLASSES)
    save_file(pets.state_dict(), "pets.safetensors")
    network, begun = start("pets.safetensors")
    assert_same_weights(network, pets)
    assert (begun.mean, begun.std) == (MEAN, STD)
    num = len(pets.state_dict())
    assert begun.said == (
        f"starts from pets.safetensors: {num} of {num} tensors; pixels are normalised by this "
        "data, since a lone file does not say how they were"
    )
    digest = hashlib.sha256(Path("pets.safetensors").read_bytes()).hexdigest()
    assert begun.about["start"] == {
        "weights": "pets.safetensors",
        "sha256": digest,
        "dataset": None,
        "license": None,
    }


def test_counters_of_batch_norms_may_be_missing():
    tensors = save_pets().state_dict()
    kept = {name: t for name, t in tensors.items() if not name.endswith("num_batches_tracked")}
    save_file(kept, "old.safetensors")
    network, _ = start("old.safetensors")
    assert torch.equal(network.stem[1].running_mean, tensors["stem.1.running_mean"])


@pytest.mark.parametrize(("trained_on", "used_on"), [(1, 3), (3, 1)])
def test_a_torchvision_network_goes_from_grey_to_colour_and_back(trained_on, used_on):
    name = "torchvision:shufflenet_v2_x0_5"
    mean, std = ([90.0], [30.0]) if trained_on == 1 else ([60.0, 90.0, 120.0], [20.0, 30.0, 40.0])
    pets = save_pets(name, (8, 6, trained_on), mean=mean, std=std, classes=CLASSES)
    network, begun = start("pets", name, (8, 6, used_on))
    assert (begun.mean, begun.std) == ([90.0] * used_on, [30.0] * used_on)
    ours, theirs = network.state_dict().values(), pets.state_dict().values()
    assert all(map(torch.equal, ours, theirs))


def test_a_first_layer_that_was_loaded_is_not_set_anew(toy):
    save_pets("whitened_cnn", (4, 4, 1), mean=[128.0], std=[50.0])
    network, _ = start("pets", "whitened_cnn", (4, 4, 1), ["a", "b", "c", "d"])
    loaded = network.whitening.weight.clone()
    fresh = build_network("whitened_cnn", (4, 4, 1), 4)
    drawn = fresh.whitening.weight.clone()
    for each in (network, fresh):
        recipe = toy.recipe(epochs=1, optimizer="muon")
        fit(each, recipe, every_epoch(toy.examples(33)), None, toy.normalizer(), toy.device)
    assert torch.equal(network.whitening.weight, loaded)
    assert not torch.equal(fresh.whitening.weight, drawn)


# What is refused


def test_weights_of_another_network_of_ours():
    save_pets("article_cnn")
    assert refusal(SettingsError, "pets") == (
        "ERROR pets is of the network article_cnn, params.yaml: model is resnet"
        " | fix: set model: article_cnn, or take other weights"
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
    import subprocess
    import sys

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
        " | fix: bring both back: dvc checkout --force pets.dvc"
    )


def test_a_folder_without_weights():
    Path("pets").mkdir()
    assert refusal(MissingInput, "pets") == (
        "ERROR pets/model.json does not exist | fix: put it there, or dvc pull pets.dvc"
    )


@pytest.mark.parametrize("text", ["[]", "{}"])
def test_a_description_of_no_model(text):
    save_pets()
    Path("pets/model.json").write_text(text)
    assert refusal(MissingInput, "pets") == (
        "ERROR pets/model.json does not describe a model"
        " | fix: bring it back: dvc checkout --force pets.dvc"
    )


def test_a_description_that_lacks_something():
    save_pets()
    about = json.loads(Path("pets/model.json").read_text())
    del about["mean"], about["license"]
    Path("pets/model.json").write_text(json.dumps(about))
    assert refusal(MissingInput, "pets") == (
        "ERROR pets/model.json has no mean, license"
        " | fix: copy model.json as the train stage wrote it"
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
