"""Networks by name take images of any size and give one logit per class."""

import pytest
import torch
from torch import nn

from pipeline.modalities.images.network.networks import build_network
from pipeline.modalities.images.network.settings import NETWORKS
from pipeline.runtime.errors import SettingsError

SHAPES = [(8, 8, 1), (32, 32, 3), (33, 47, 3)]
NUM_CLASSES = 7


def some_images(shape: tuple[int, int, int], num: int = 2) -> torch.Tensor:
    height, width, channels = shape
    return torch.randn(num, channels, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", [*NETWORKS, "torchvision:resnet18"])
def test_images_in_logits_out(name, shape):
    network = build_network(name, shape, NUM_CLASSES)
    logits = network(some_images(shape))
    assert logits.shape == (2, NUM_CLASSES)
    assert torch.isfinite(logits).all()
    logits.sum().backward()
    unused = [name for name, p in network.named_parameters() if p.requires_grad and p.grad is None]
    assert unused == []


@pytest.mark.parametrize("name", NETWORKS)
def test_initial_weights_follow_the_seed(name):
    def weights(seed: int) -> list[torch.Tensor]:
        torch.manual_seed(seed)
        return list(build_network(name, (8, 8, 1), 3).state_dict().values())

    assert all(map(torch.equal, weights(0), weights(0)))
    assert not all(map(torch.equal, weights(0), weights(1)))


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_said_of_an_image_does_not_depend_on_its_neighbours(name):
    torch.manual_seed(0)
    network = build_network(name, (9, 7, 3), 3).eval()
    images = some_images((9, 7, 3), num=5)
    together = network(images)
    alone = torch.cat([network(image[None]) for image in images])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "flat"),
    [((32, 32, 3), 32 * 16 * 16), ((8, 8, 1), 32 * 4 * 4), ((33, 47, 3), 32 * 16 * 23)],
    ids=str,
)
def test_article_cnn_has_the_layers_of_the_article(shape, flat):
    network = build_network("article_cnn", shape, 10)
    assert [type(layer) for layer in network] == [
        nn.Conv2d,
        nn.ReLU,
        nn.MaxPool2d,
        nn.Flatten,
        nn.Linear,
        nn.ReLU,
        nn.Linear,
    ]
    assert {name: tuple(p.shape) for name, p in network.named_parameters()} == {
        "0.weight": (32, shape[2], 3, 3),
        "0.bias": (32,),
        "4.weight": (128, flat),
        "4.bias": (128,),
        "6.weight": (10, 128),
        "6.bias": (10,),
    }


def test_resnet_halves_the_resolution_twice():
    network = build_network("resnet", (32, 32, 3), 10)
    features = network.blocks(torch.relu(network.stem(some_images((32, 32, 3)))))
    assert features.shape == (2, 128, 8, 8)


def test_a_grey_image_is_to_a_torchvision_network_its_three_channels_alike():
    torch.manual_seed(0)
    grey = build_network("torchvision:resnet18", (8, 8, 1), 3).eval()
    torch.manual_seed(0)
    rgb = build_network("torchvision:resnet18", (8, 8, 3), 3).eval()
    images = some_images((8, 8, 1))
    assert torch.equal(grey(images), rgb(images.repeat(1, 3, 1, 1)))


def refusal(name: str, shape: tuple[int, int, int] = (8, 8, 3)) -> str:
    with pytest.raises(SettingsError) as caught:
        build_network(name, shape, 10)
    return str(caught.value)


@pytest.mark.parametrize("name", ["resnet18", "ResNet", "", "torchvision"])
def test_unknown_network(name):
    assert refusal(name) == (
        "ERROR params.yaml: model must be one of article_cnn, resnet, whitened_cnn, "
        f"whitened_resnet or torchvision:<name>, found {name!r} | fix: name one of these"
    )


@pytest.mark.parametrize("name", ["resnet19", "", "list_models", "fcn_resnet50", "r3d_18"])
def test_unknown_torchvision_network(name):
    from torchvision import models

    number = len(models.list_models(module=models))
    assert refusal(f"torchvision:{name}") == (
        f"ERROR params.yaml: model torchvision:{name} is no classification model of torchvision"
        f" | fix: name one of its {number}, such as torchvision:resnet18"
    )


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:Initializing zero-element tensors")
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("torchvision:squeezenet1_1", (8, 8, 3)),  # pools the image away
        ("torchvision:googlenet", (32, 32, 3)),  # gives three answers in training
        ("article_cnn", (1, 1, 1)),
    ],
    ids=["squeezenet1_1", "googlenet", "article_cnn"],
)
def test_a_network_that_cannot_be_trained_on_these_images_is_refused(name, shape):
    assert refusal(name, shape).startswith(
        f"ERROR params.yaml: model {name} cannot be trained on images of "
        f"{shape[0]} x {shape[1]} x {shape[2]}"
    )


def test_whitened_patches_are_uncorrelated_and_of_unit_variance():
    network = build_network("whitened_cnn", (16, 16, 3), 10)
    flat = some_images((16, 16, 3), num=300)
    images = flat + 2 * flat.roll(1, 3) + flat.mean(1, keepdim=True)  # neighbours go together
    images = images - images.mean((0, 2, 3), keepdim=True)
    network.whiten(images)
    seen = network.whitening(images).permute(1, 0, 2, 3).reshape(24, -1)[:12]
    assert torch.allclose(torch.cov(seen), torch.eye(12), atol=0.02)
    weight = network.whitening.weight
    assert torch.equal(weight[:12], -weight[12:])
    assert not weight.requires_grad


def test_whitening_survives_images_that_say_nothing():
    network = build_network("whitened_cnn", (8, 8, 1), 3)
    network.whiten(torch.zeros(4, 1, 8, 8))
    assert all(torch.isfinite(weights).all() for weights in network.state_dict().values())


def test_embeddings_are_what_the_last_layer_sees():
    network = build_network("whitened_cnn", (32, 32, 3), 10).eval()
    images = some_images((32, 32, 3), num=3)
    embeddings = network.embed(images)
    assert embeddings.shape == (3, 256)
    assert torch.equal(network.read_out(embeddings), network(images))
