"""Reads weights that torchvision publishes, without running code in their pickle."""

import hashlib
import io
import re
from pathlib import Path

import torch

from pipeline.modalities.images.network.settings import TORCHVISION
from pipeline.modalities.protocols.network import Weights
from pipeline.runtime.errors import MissingInput, SettingsError

DENSENET_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(\d)")  # from before names had no dots


def published(name: str, weights: str) -> Weights:
    """Read the default weights that torchvision publishes for its network of that name.

    They are in the cache of torch.hub. The file is a pickle, of which only tensors are read, and
    only if it has the digest in its name, even if it was there already.
    """
    if not name.startswith(TORCHVISION):
        raise SettingsError(
            f"params.yaml: train.weights is {weights}, but model is {name}",
            fix=f"set model: {TORCHVISION}<name>, or train.weights: none",
        )
    from torchvision import models

    default = models.get_model_weights(name.removeprefix(TORCHVISION)).DEFAULT
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(default.url).name
    expected = file.stem.rpartition("-")[2]
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(default.url, str(file), expected, progress=False)
        content = file.read_bytes()
    except (OSError, RuntimeError) as error:  # no network; another digest
        raise MissingInput(
            f"the weights of {name} cannot be had from {default.url}: {error}",
            fix=f"bring that file here as {file}, or set train.weights: none",
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    if not digest.startswith(expected):
        raise MissingInput(
            f"{file} is damaged: its digest should begin with {expected}, found {digest[:8]}",
            fix="remove it, and the next run fetches it again",
        )
    tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    preset = default.transforms()
    return Weights(
        {DENSENET_NAME.sub(r"\1\2", key): tensor for key, tensor in tensors.items()},
        {
            "weights": f"{name} {default.name}",
            "sha256": digest,
            "dataset": "ImageNet-1K" if default.name.startswith("IMAGENET1K") else None,
            "license": default.meta.get("license"),
        },
        preparation={
            "shape": [preset.crop_size[0], preset.crop_size[0], 3],
            "mean": [255 * value for value in preset.mean],
            "std": [255 * value for value in preset.std],
        },
        target={"classes": default.meta["categories"]},
    )
