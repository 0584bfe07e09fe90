"""Where to read weights from: a model of this pipeline, a file of tensors, or torchvision.

Never from a pickle that anyone may have written: those run code when they are opened.
"""

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from pipeline.learning.model_file import read_model
from pipeline.modalities.images.network.settings import TORCHVISION
from pipeline.runtime.errors import MissingInput, SettingsError

NEEDED = ("model", "shape", "classes", "mean", "std", "dataset", "license")
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
DENSENET_NAME = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(\d)")  # before names had no dots


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and their origin."""

    tensors: Mapping[str, Tensor]
    about: dict[str, Any]
    """For model.json: weights, sha256, dataset and license, the latter two None when unknown."""
    shape: Sequence[int] | None = None
    """Height, width and channels of the images it was trained on, where they must be said."""
    classes: Sequence[str] | None = None
    mean: Sequence[float] | None = None
    """By channel, of pixels from 0 to 255; likewise `std`."""
    std: Sequence[float] | None = None


def read_weights(weights: str, model: str) -> Weights:
    """The weights that `train.weights` names, for a network that was built as `model`.

    Raises:
        SettingsError: they are for another network, or a pickle.
        MissingInput: the files are not there or damaged.
    """
    return _published(model) if weights == "torchvision" else _read(Path(weights), model)


def _read(path: Path, model: str) -> Weights:
    if path.suffix in PICKLES:
        target = path.with_suffix(".safetensors")
        raise SettingsError(
            f"{path} is a pickle, which runs code when it is opened; expected .safetensors",
            fix='python -c "import torch, safetensors.torch as s; s.save_file(torch.load('
            f"'{path}', weights_only=True), '{target}')\", and name {target}",
        )
    fetch = f"put it there, or dvc pull {path}.dvc"
    if not path.exists():
        raise MissingInput(f"{path} does not exist; params.yaml: train.weights names it", fix=fetch)
    if path.is_file():
        content = path.read_bytes()
        about = {"weights": str(path), "sha256": _sha256(content), "dataset": None, "license": None}
        return Weights(_tensors(content, path), about)
    bring_back = f"dvc checkout --force {path}.dvc"
    model_json, content = read_model(path, make=fetch, bring_back=bring_back)
    missing = [key for key in NEEDED if key not in model_json]
    if missing:
        raise MissingInput(
            f"{path}/model.json has no {', '.join(missing)}",
            fix="copy model.json as the train stage wrote it",
        )
    if model_json["model"] != model:
        raise SettingsError(
            f"{path} is of the network {model_json['model']}, params.yaml: model is {model}",
            fix=f"set model: {model_json['model']}, or take other weights",
        )
    about = {
        "weights": str(path),
        "sha256": model_json["weights_sha256"],
        "dataset": model_json["dataset"],
        "license": model_json["license"],
    } | ({"start": model_json["start"]} if "start" in model_json else {})
    tensors = _tensors(content, path / "model.safetensors")
    if model.startswith(TORCHVISION) and model_json["shape"][2] == 1:
        tensors = {name.removeprefix("1."): tensor for name, tensor in tensors.items()}
    described = (model_json[key] for key in ("shape", "classes", "mean", "std"))
    return Weights(tensors, about, *described)


def _tensors(content: bytes, path: Path) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load(content)
    except SafetensorError as error:
        raise MissingInput(
            f"{path} is no whole safetensors file: {error}", fix="bring it back, or convert it anew"
        ) from None
    return tensors


def _published(model: str) -> Weights:
    """The weights that torchvision publishes as the default of its network of that name.

    They are kept where torch.hub keeps them. The file is a pickle, of which only tensors are read,
    and only when it has the digest in its name, also when it was there already.
    """
    if not model.startswith(TORCHVISION):
        raise SettingsError(
            f"params.yaml: train.weights is torchvision, but model is {model}",
            fix=f"set model: {TORCHVISION}<name>, or train.weights: none",
        )
    from torchvision import models

    weights = models.get_model_weights(model.removeprefix(TORCHVISION)).DEFAULT
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    expected = file.stem.rpartition("-")[2]
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(weights.url, str(file), expected, progress=False)
        content = file.read_bytes()
    except (OSError, RuntimeError) as error:  # no network; another digest
        raise MissingInput(
            f"the weights of {model} cannot be had from {weights.url}: {error}",
            fix=f"bring that file here as {file}, or set train.weights: none",
        ) from None
    digest = _sha256(content)
    if not digest.startswith(expected):
        raise MissingInput(
            f"{file} is damaged: its digest should begin with {expected}, found {digest[:8]}",
            fix="remove it, and the next run fetches it again",
        )
    tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    preset = weights.transforms()
    return Weights(
        {DENSENET_NAME.sub(r"\1\2", name): tensor for name, tensor in tensors.items()},
        {
            "weights": f"{model} {weights.name}",
            "sha256": digest,
            "dataset": "ImageNet-1K" if weights.name.startswith("IMAGENET1K") else None,
            "license": weights.meta.get("license"),
        },
        shape=(preset.crop_size[0], preset.crop_size[0], 3),
        classes=weights.meta["categories"],
        mean=[255 * value for value in preset.mean],
        std=[255 * value for value in preset.std],
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
