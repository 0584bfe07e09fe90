"""The names of modalities/protocols/network.py, for images."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from pipeline.modalities.images.modules.image_network import ImageNetwork, gains_by_bf16
from pipeline.modalities.images.modules.on_device import scaled_size
from pipeline.modalities.images.network.networks import build_network, check_image_shape
from pipeline.modalities.images.network.published import published
from pipeline.modalities.images.network.settings import PUBLISHERS, TORCHVISION, VIEWS
from pipeline.modalities.protocols.encode import Preparation
from pipeline.modalities.protocols.network import Adapted, Weights
from pipeline.runtime.errors import SettingsError

__all__ = ["PUBLISHERS", "adapt", "build", "candidates", "describe", "gains_by_bf16", "published"]

OF_GREY = "1."  # prefix of the names in a network of torchvision for grey images; see networks.py


def candidates(name: str) -> Sequence[str]:
    return [name]


def build(name: str, preparation: Preparation, outputs: int, settings: Any) -> nn.Module:
    """`preparation` has `shape`, `mean` and `std`; see `ImageNetwork`.

    Of model.json only `views` matters: it describes what is not trained any more.
    """
    shape = _shape(preparation)
    network = build_network(name, shape, outputs)
    if settings is None or isinstance(settings, Mapping):
        views = (settings or {}).get("views", "original")
        if views not in VIEWS:
            raise SettingsError(
                f"views must be one of {', '.join(VIEWS)}, found {views!r}", fix="name one of these"
            )
        return ImageNetwork(network, preparation, views=views)
    for smaller in settings.progressive:
        height, width = scaled_size(*shape[:2], smaller.scale)
        check_image_shape(network, name, (height, width, shape[2]))
    return ImageNetwork(
        network,
        preparation,
        transforms=settings.transforms,
        progressive=settings.progressive,
        views=settings.views,
    )


def adapt(name: str, weights: Weights, preparation: Preparation) -> Adapted:
    """Normalise pixels as they were for the weights, if that is known.

    Networks of torchvision take grey and colour images: grey is the mean of the channels, and is
    used for each channel.
    """
    shape = _shape(preparation)
    of_torchvision = name.startswith(TORCHVISION)
    other = weights.preparation
    tensors = dict(weights.tensors)
    if other is not None and other["shape"][2] != shape[2] and not of_torchvision:
        raise SettingsError(
            f"{weights.about['weights']} was trained on images of {other['shape'][2]} channels, "
            f"these have {shape[2]}",
            fix="take weights for such images, or train.weights: none",
        )
    if of_torchvision and other is not None and other["shape"][2] == 1:
        tensors = {key.removeprefix(OF_GREY): tensor for key, tensor in tensors.items()}
    if of_torchvision and shape[2] == 1:
        tensors = {OF_GREY + key: tensor for key, tensor in tensors.items()}
    if other is None:
        remark = "pixels are normalised by this data, since a lone file does not say how they were"
        return Adapted(tensors, preparation, remark)
    height, width = other["shape"][:2]
    is_other_size = (height, width) != shape[:2]
    remark = f"was trained on {width} x {height} pixels, these are {shape[1]} x {shape[0]}"
    scaling = {key: _for_channels(other[key], shape[2]) for key in ("mean", "std")}
    return Adapted(tensors, {**preparation, **scaling}, remark if is_other_size else "")


def describe(preparation: Preparation) -> str:
    height, width, channels = _shape(preparation)
    return f"{height} x {width} {'grey' if channels == 1 else 'colour'} images"


def _shape(preparation: Preparation) -> tuple[int, int, int]:
    height, width, channels = preparation["shape"]
    return height, width, channels


def _for_channels(values: list[float], channels: int) -> list[float]:
    """Convert between grey and colour: grey is the mean of the channels, and copied to each."""
    return list(values) if len(values) == channels else [sum(values) / len(values)] * channels
