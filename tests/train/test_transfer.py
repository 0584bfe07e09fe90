"""Training starts from weights that fit, normalises pixels as they were for them, and says so."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipeline.modalities.images.network.networks import build_network
from tests.support.pets_network import CLASSES, MEAN, OURS, SHAPE, STD, save_pets, start
from tests.support.training import assert_same_weights, every_epoch


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


# What is taken over


def test_without_weights_nothing_changes():
    network, begun = start("none")
    torch.manual_seed(0)
    assert_same_weights(network, build_network("resnet", SHAPE, 2))
    assert (begun.scaling, begun.start.about, begun.message) == ((MEAN, STD), {}, "")


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
    assert begun.message == (
        f"starts from pets: {num - len(new)} of {num} tensors, new head of 2 outputs"
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
    assert begun.message.endswith("new head of 2 outputs")


def test_of_the_same_classes_the_head_is_taken():
    pets = save_pets(classes=CLASSES)
    network, begun = start("pets")
    assert_same_weights(network, pets)
    num = len(pets.state_dict())
    assert begun.message == f"starts from pets: {num} of {num} tensors"


def test_pixels_are_normalised_as_for_the_weights_and_their_origin_is_kept():
    save_pets(start={"weights": "torchvision:resnet18 V1"})
    _, begun = start("pets")
    assert begun.scaling == (OURS["mean"], OURS["std"])
    digest = hashlib.sha256(Path("pets/model.safetensors").read_bytes()).hexdigest()
    assert begun.start.about == {
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
    assert begun.message.endswith("; was trained on 16 x 32 pixels, these are 6 x 8")


def test_a_file_of_tensors_says_neither_its_classes_nor_its_pixels():
    pets = save_pets(classes=CLASSES)
    save_file(pets.state_dict(), "pets.safetensors")
    network, begun = start("pets.safetensors")
    assert_same_weights(network, pets)
    assert begun.scaling == (MEAN, STD)
    num = len(pets.state_dict())
    assert begun.message == (
        f"starts from pets.safetensors: {num} of {num} tensors; pixels are normalised by this "
        "data, since a lone file does not say how they were"
    )
    digest = hashlib.sha256(Path("pets.safetensors").read_bytes()).hexdigest()
    assert begun.start.about["start"] == {
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
    pets = save_pets(name, (8, 6, trained_on), scaling={"mean": mean, "std": std}, classes=CLASSES)
    network, begun = start("pets", name, (8, 6, used_on))
    assert begun.scaling == ([90.0] * used_on, [30.0] * used_on)
    ours, theirs = network.state_dict().values(), pets.state_dict().values()
    assert all(map(torch.equal, ours, theirs))


def test_a_first_layer_that_was_loaded_is_not_set_anew(toy):
    save_pets("whitened_cnn", (4, 4, 1), scaling={"mean": [128.0], "std": [50.0]})
    network, _ = start("pets", "whitened_cnn", (4, 4, 1), ["a", "b", "c", "d"])
    loaded = network.whitening.weight.clone()
    fresh = build_network("whitened_cnn", (4, 4, 1), 4)
    drawn = fresh.whitening.weight.clone()
    for each in (network, fresh):
        recipe = toy.recipe(epochs=1, optimizer="muon")
        toy.fit(each, recipe, every_epoch(toy.examples(33)), None)
    assert torch.equal(network.whitening.weight, loaded)
    assert not torch.equal(fresh.whitening.weight, drawn)
