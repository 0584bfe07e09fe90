"""Images as they stand in shards in, logits out; around the network inside nothing changes."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.modalities.images.encode.settings import Flip
from pipeline.modalities.images.modules.image_network import BF16_MIN_PIXELS, ImageNetwork
from pipeline.modalities.images.modules.on_device import Normalizer
from pipeline.modalities.images.network.interface import build, describe, gains_by_bf16
from pipeline.modalities.images.network.networks import build_network
from pipeline.modalities.images.network.settings import NETWORKS, Progressive
from pipeline.modalities.protocols.network import Moment
from pipeline.runtime.errors import SettingsError

SHAPE = (16, 12, 3)
PREPARATION = {"shape": SHAPE, "mean": [100.0, 110.0, 120.0], "std": [50.0, 60.0, 70.0]}


class Section:
    """As `train` of params.yaml."""

    transforms = (Flip(name="flip", probability=1.0),)
    progressive = (Progressive(until=0.5, scale=0.5),)
    views = "mirrored"


def noise(num: int = 5, shape=SHAPE) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (num, *shape), np.uint8))


@pytest.mark.parametrize("name", [*NETWORKS, "torchvision:shufflenet_v2_x0_5"])
def test_its_state_is_that_of_the_network_inside(name):
    torch.manual_seed(0)
    inside = build_network(name, SHAPE, 4)
    torch.manual_seed(0)
    network = build(name, PREPARATION, 4, None)
    assert list(network.state_dict()) == list(inside.state_dict())
    pairs = zip(network.state_dict().values(), inside.state_dict().values(), strict=True)
    assert all(torch.equal(ours, theirs) for ours, theirs in pairs)
    other = build(name, PREPARATION, 4, None)
    other.load_state_dict(network.state_dict())
    assert all(map(torch.equal, other.parameters(), inside.parameters()))
    trained = [tuple(p.shape) for p in network.parameters() if p.requires_grad]
    assert trained == [tuple(p.shape) for p in inside.parameters() if p.requires_grad]


def test_a_checkpoint_of_it_holds_the_versions_of_its_modules():
    network = build("resnet", PREPARATION, 4, None)
    assert network.state_dict()._metadata == network.network.state_dict()._metadata


def test_in_training_it_normalises_and_nothing_else():
    network = build("resnet", PREPARATION, 4, Section)
    images = noise()
    inside = copy.deepcopy(network.network)
    seen = Normalizer(PREPARATION["mean"], PREPARATION["std"])(images)
    assert torch.equal(network.train()({"x": images}), inside.train()(seen))
    assert network.views == "mirrored"


def test_batches_vary_in_training_by_what_is_set_and_shrink_in_early_epochs():
    network = build("resnet", PREPARATION, 4, Section)
    images = noise()
    late = network.vary({"x": images}, Moment(0, 9, 0, 0.9, (0, 5, 5)))
    assert list(late) == ["x"]
    assert torch.equal(late["x"], images.flip(2))
    early = network.vary({"x": images}, Moment(0, 0, 0, 0.0, (0, 5, 5)))
    assert early["x"].shape == (5, 8, 6, 3)
    plain = build("resnet", PREPARATION, 4, None)
    assert plain.vary({"x": images}, Moment(0, 0, 0, 0.0, (0, 5, 5)))["x"] is images


def test_of_model_json_views_count():
    recipe = {"views": "shifted", "transforms": [{"name": "flip"}], "lr": 0.1}
    network = build("resnet", PREPARATION, 4, recipe)
    assert (network.views, network.transforms) == ("shifted", ())
    assert build("resnet", PREPARATION, 4, {}).views == "original"


def test_images_that_become_too_small_for_the_network_are_refused():
    class Tiny(Section):
        progressive = (Progressive(until=0.5, scale=0.05),)

    with pytest.raises(SettingsError, match="model article_cnn cannot be trained on images of 1 x"):
        build("article_cnn", PREPARATION, 4, Tiny)


def test_a_network_that_whitens_looks_at_normalised_images_and_others_at_none():
    assert build("resnet", PREPARATION, 4, None).num_looked_at == 0
    network = build("whitened_cnn", PREPARATION, 4, None)
    assert network.num_looked_at == 5000 * 32 * 32 // (16 * 12)
    expected = build_network("whitened_cnn", SHAPE, 4)
    images = noise(50)
    expected.whiten(network.normalize(images))
    network.look_at({"x": images})
    assert torch.equal(network.network.whitening.weight, expected.whitening.weight)
    network.begin_epoch(0.9)
    assert not network.network.whitening.bias.requires_grad


def test_embeddings_are_of_images_as_they_are():
    network = build("whitened_cnn", PREPARATION, 4, {"views": "mirrored"}).eval()
    images = noise()
    embeddings = network.embed({"x": images})
    assert torch.equal(embeddings, network.network.embed(network.normalize(images)))
    assert torch.equal(network.read_out(embeddings), network.network.read_out(embeddings))


@pytest.mark.parametrize(
    ("shape", "num"), [((64, 64, 3), 1000), ((128, 64, 3), 500), ((5000, 5000, 1), 1)]
)
def test_of_large_images_fewer_are_asked_about_at_once(shape, num):
    preparation = {"shape": shape, "mean": [0.0], "std": [1.0]}
    assert ImageNetwork(nn.Identity(), preparation).rows_at_once == num


def test_bf16_pays_from_a_size_on():
    assert BF16_MIN_PIXELS == 16 * 16
    assert gains_by_bf16({"shape": [16, 16, 1]})
    assert not gains_by_bf16({"shape": [16, 15, 3]})


def test_in_words():
    assert describe({"shape": [8, 6, 1]}) == "8 x 6 grey images"
    assert describe(PREPARATION) == "16 x 12 colour images"


@pytest.mark.parametrize(
    ("views", "seen"),
    [
        ("original", [(0, 0, False, 1.0)]),
        ("mirrored", [(0, 0, False, 0.5), (0, 0, True, 0.5)]),
        ("shifted", [(0, 0, False, 0.5), (-1, -1, False, 0.25), (1, 1, False, 0.25)]),
        (
            "mirrored_and_shifted",
            [
                (down, right, mirrored, weight / 2)
                for down, right, weight in [(0, 0, 0.5), (-1, -1, 0.25), (1, 1, 0.25)]
                for mirrored in (False, True)
            ],
        ),
    ],
)
def test_views_are_weighted(toy, views, seen):
    """Every version made by hand with numpy, and asked about one by one."""
    images = toy.examples(6).inputs["x"]
    expected = np.zeros((6, toy.num_classes))
    for down, right, mirrored, weight in seen:
        padded = np.pad(images.numpy(), ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect")
        height, width = images.shape[1:3]
        view = padded[:, 1 - down :, 1 - right :][:, :height, :width]
        view = view[:, :, ::-1] if mirrored else view
        said = toy.predict(toy.network(), {"x": view.copy()})
        expected += weight * said
    said = toy.predict(toy.network(), {"x": images}, views=views)
    assert said == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)], ids=str)
def test_views_of_a_side_of_one_pixel(toy, shape):
    images = toy.examples(6).inputs["x"][:, : shape[0], : shape[1]]
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    said = toy.predict(network, {"x": images}, views="mirrored_and_shifted")
    seen = toy.predict(network, {"x": images})
    if shape == (1, 1):
        assert said == pytest.approx(seen, abs=1e-5)
    assert np.isfinite(said).all()


def test_normalizer():
    images = np.array([[[[0, 10], [100, 20]]], [[[50, 30], [250, 40]]]], np.uint8)  # 2, 1, 2, 2
    normalized = Normalizer([100.0, 25.0], [50.0, 5.0])(torch.from_numpy(images))
    assert normalized.dtype == torch.float32
    expected = [[[[-2.0, 0.0]], [[-3.0, -1.0]]], [[[-1.0, 3.0]], [[1.0, 3.0]]]]
    assert torch.allclose(normalized, torch.tensor(expected))


def test_normalized_images_are_channels_last():
    images = torch.randint(0, 256, (4, 6, 5, 3), dtype=torch.uint8)
    normalized = Normalizer([128.0] * 3, [64.0] * 3)(images)
    assert normalized.shape == (4, 3, 6, 5)
    assert normalized.is_contiguous(memory_format=torch.channels_last)


def test_normalized_training_images_have_zero_mean_and_unit_variance():
    images = torch.randint(0, 256, (50, 8, 8, 3), dtype=torch.uint8)
    pixels = images.double().flatten(0, 2)
    mean, std = pixels.mean(0).tolist(), pixels.std(0, correction=0).tolist()
    normalized = Normalizer(mean, std)(images)
    assert torch.allclose(normalized.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(normalized.var((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)


def test_a_channel_that_never_changes_is_zero():
    images = torch.full((2, 3, 3, 1), 17, dtype=torch.uint8)
    assert not Normalizer([17.0], [0.0])(images).any()
