"""Networks by name, for images of any size with 1 or 3 channels."""

import copy

import torch
from torch import Tensor, nn

from pipeline.modalities.images.modules.whitened import WhitenedCNN, WhitenedResNet
from pipeline.modalities.images.network.settings import NETWORKS, TORCHVISION
from pipeline.runtime.errors import SettingsError


def build_network(name: str, image_shape: tuple[int, int, int], num_outputs: int) -> nn.Module:
    """Build an initialised network: float images `(N, C, H, W)` in, logits `(N, K)` out.

    `image_shape` is `(H, W, C)`. Initial weights follow torch's global seed.

    Raises:
        SettingsError: there is no network of that name.
    """
    height, width, channels = image_shape
    network: nn.Module
    if name == "article_cnn":
        network = ArticleCNN(height, width, channels, num_outputs)
    elif name == "resnet":
        network = ResNet(channels, num_outputs)
    elif name == "whitened_cnn":
        network = WhitenedCNN(height, width, channels, num_outputs)
    elif name == "whitened_resnet":
        network = WhitenedResNet(height, width, channels, num_outputs)
    elif name.startswith(TORCHVISION):
        network = _torchvision_network(name.removeprefix(TORCHVISION), channels, num_outputs)
    else:
        raise SettingsError(
            f"params.yaml: model must be one of {', '.join(NETWORKS)} or {TORCHVISION}<name>, "
            f"found {name!r}",
            fix="name one of these",
        )
    check_image_shape(network, name, image_shape)
    return network


def check_image_shape(network: nn.Module, name: str, image_shape: tuple[int, int, int]) -> None:
    """Check that a network can be trained on images of that shape, `(H, W, C)`.

    Raises:
        SettingsError: it cannot.
    """
    height, width, channels = image_shape
    problem = _problem(copy.deepcopy(network), torch.zeros(2, channels, height, width))
    if problem:
        raise SettingsError(
            f"params.yaml: model {name} cannot be trained on images of "
            f"{height} x {width} x {channels}: {problem}",
            fix="name another model, set a larger image_size in the catalog entry, "
            "or shrink images less in train.progressive",
        )


def _problem(network: nn.Module, images: Tensor) -> str:
    """Why the network cannot give logits for these images; empty if it can."""
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        try:
            logits = network.train()(images)
        except (RuntimeError, ValueError, AssertionError) as error:
            return str(error).splitlines()[0]
    return "" if isinstance(logits, Tensor) else f"it answers with {type(logits).__name__}"


class ArticleCNN(nn.Sequential):
    """The article's one-convolution CNN, with its first linear layer corrected.

    As published it flattens to 32·8·8 after a single 2×2 pooling of a 32×32 image, which
    leaves 32·16·16.
    """

    def __init__(self, height: int, width: int, channels: int, num_outputs: int) -> None:
        super().__init__(
            nn.Conv2d(channels, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * (height // 2) * (width // 2), 128),
            nn.ReLU(),
            nn.Linear(128, num_outputs),
        )


class ResNet(nn.Module):
    """A small residual network for small images (He et al. 2015, arXiv 1512.03385).

    A stem, then residual blocks of growing width, each but the first halving the resolution.
    """

    def __init__(
        self, channels: int, num_outputs: int, widths: tuple[int, ...] = (32, 64, 128)
    ) -> None:
        super().__init__()
        self.stem = ConvNorm(channels, widths[0])
        ins = (widths[0], *widths)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(ins[i], width, stride=1 if i == 0 else 2)
                for i, width in enumerate(widths)
            )
        )
        self.head = nn.Linear(widths[-1], num_outputs)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.blocks(torch.relu(self.stem(images)))
        logits: Tensor = self.head(features.mean((2, 3)))
        return logits


class ResidualBlock(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels_in, channels_out, stride=stride)
        self.second = ConvNorm(channels_out, channels_out)
        same = stride == 1 and channels_in == channels_out
        self.shortcut = (
            nn.Identity() if same else ConvNorm(channels_in, channels_out, size=1, stride=stride)
        )

    def forward(self, features: Tensor) -> Tensor:
        residual = self.second(torch.relu(self.first(features)))
        return torch.relu(residual + self.shortcut(features))


class ConvNorm(nn.Sequential):
    """Convolution and batch norm."""

    def __init__(self, channels_in: int, channels_out: int, size: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(channels_out),
        )


class _AsRGB(nn.Module):
    """Converts grey images to RGB, for networks with three channels."""

    def forward(self, images: Tensor) -> Tensor:
        return images.expand(-1, 3, -1, -1)


def without_wrapper(network: nn.Module) -> nn.Module:
    """torchvision's own network, if it was wrapped for grey images; else the same."""
    wrapped = isinstance(network, nn.Sequential) and isinstance(network[0], _AsRGB)
    return network[1] if wrapped else network  # type: ignore[index]


def _torchvision_network(name: str, channels: int, num_outputs: int) -> nn.Module:
    from torchvision import models

    classifiers = models.list_models(module=models)
    if name not in classifiers:
        raise SettingsError(
            f"params.yaml: model {TORCHVISION}{name} is no classification model of torchvision",
            fix=f"name one of its {len(classifiers)}, such as {TORCHVISION}resnet18",
        )
    network: nn.Module = models.get_model(name, weights=None, num_classes=num_outputs)
    return nn.Sequential(_AsRGB(), network) if channels == 1 else network
