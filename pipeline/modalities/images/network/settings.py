"""Settings of networks of images, and of the augmentation of their batches.

Imports no torch, so that a wrong name is refused quickly.
"""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from pipeline.modalities.start import starts_from
from pipeline.runtime.settings import Fraction, Settings

NETWORKS = ("article_cnn", "resnet", "whitened_cnn", "whitened_resnet")
TORCHVISION = "torchvision:"
Views = Literal["original", "mirrored", "shifted", "mirrored_and_shifted"]
VIEWS = get_args(Views)
PUBLISHERS = ("torchvision",)
"""Publishers of weights that training may start from."""


class Translate(Settings):
    name: Literal["translate"]
    fraction: Annotated[float, Field(gt=0, lt=1)]
    """Shift by up to this fraction of the height and width, at least by a pixel, filled by
    reflection."""


class Flip(Settings):
    name: Literal["flip"]
    probability: Fraction = 0.5
    """Chance of a left-right mirror image."""


class Cutout(Settings):
    name: Literal["cutout"]
    fraction: Annotated[float, Field(gt=0, le=1)]
    """Side of the blanked square, as a fraction of the shorter side of the image."""


BatchTransform = Annotated[Translate | Flip | Cutout, Field(discriminator="name")]
"""Made on the device; those of the copies in shards are others (encode/settings.py)."""


def _network(name: str) -> str:
    expected = f"one of {', '.join(NETWORKS)} or {TORCHVISION}<name>"
    if name.startswith(TORCHVISION):
        # Imported here, since it takes seconds: only for such a network.
        from torchvision.models import list_models

        if name.removeprefix(TORCHVISION) not in list_models():
            raise ValueError(f"{expected} that torchvision.models has")
    elif name not in NETWORKS:
        raise ValueError(expected)
    return name


NetworkName = Annotated[str, AfterValidator(_network)]


class Progressive(Settings):
    until: Annotated[float, Field(gt=0, le=1)]
    """Up to this fraction of the epochs …"""
    scale: Annotated[float, Field(gt=0, lt=1)]
    """… images have this fraction of their height and width."""


def ascending(stages: list[Progressive]) -> list[Progressive]:
    ends = [stage.until for stage in stages]
    if ends != sorted(set(ends)):
        raise ValueError("in ascending order of `until`")
    return stages


class NetworkFields(Settings):
    """Added to the top of params.yaml."""

    model: NetworkName
    """`article_cnn`, `resnet`, `whitened_cnn`, `whitened_resnet` or `torchvision:<name>`."""


class TrainFields(Settings):
    """Added to `train`."""

    transforms: list[BatchTransform]
    """Applied in this order to every batch on the device, on top of the copies in the shards."""
    progressive: Annotated[list[Progressive], AfterValidator(ascending)]
    """Smaller images in early epochs, which take less time; then full size."""
    views: Views
    """How the model sees an image that it classifies: as it is, or also mirrored, or shifted by a
    pixel, or both (2, 3 or 6 times as slow); the answers are averaged."""
    weights: Annotated[str, AfterValidator(starts_from(*PUBLISHERS))]
    """Also `torchvision`: what torchvision publishes for a `torchvision:<name>`."""
