"""A trained model on disk: weights as safetensors, everything else as JSON, no pickle.

models/model.json (description.py) has the network, the preparation of its inputs, its labels, and
the digest of its weights. Neither file is trusted.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from pipeline.learning.description import (
    is_of_project,
    read_description,
    way_back,
    write_description,
)
from pipeline.learning.device import Device
from pipeline.learning.inference import predict
from pipeline.modalities.opening import open_encode, open_network
from pipeline.runtime.errors import GroundworkError, MissingInput
from pipeline.targets.opening import open_labels


@dataclass(frozen=True)
class Model:
    """A trained network with the description of its input and output."""

    network: nn.Module
    about: dict[str, Any]
    """All of model.json: `modality` and `preparation` describe the inputs, `target_kind` and
    `target` the outputs."""


def save_model(network: nn.Module, weights: Path, description: Path, about: dict[str, Any]) -> None:
    """Write the weights, then the description, which ends with their digest and its own."""
    tensors = {
        name: tensor.contiguous().cpu().clone() for name, tensor in network.state_dict().items()
    }
    content = save(tensors)
    weights.write_bytes(content)
    write_description(description, about | {"weights_sha256": hashlib.sha256(content).hexdigest()})


def load_model(folder: Path, device: Device) -> Model:
    """Load the model from a folder with model.safetensors and model.json.

    Raises:
        MissingInput: it is not there, or of an older version, or the weights are not those that the
            JSON describes, or no model can be made of them.
    """
    about, content = read_model(folder)
    path, bring_back = folder / "model.safetensors", way_back(folder)
    if problem := _problem_in(about):
        raise MissingInput(f"{folder}/model.json describes no model: {problem}", fix=bring_back)
    tensors = read_tensors(content, path, bring_back)
    num_outputs = open_labels(about["target_kind"]).num_outputs(about["target"])
    try:
        network = open_network(about["modality"]).build(
            about["model"], about["preparation"], num_outputs, about.get("recipe")
        )
    except Exception as error:  # a foreign description may be wrong in any way
        reason = error.what if isinstance(error, GroundworkError) else str(error)
        raise MissingInput(
            f"{folder}/model.json describes a network that cannot be built: {reason}",
            fix=bring_back,
        ) from None
    if not _fit(tensors, network.state_dict()):
        raise MissingInput(
            f"{path} is of an older version of {about['model']}, which has other weights",
            fix="dvc repro train" if is_of_project(folder) else bring_back,
        )
    network.load_state_dict(tensors)
    network.to(device.kind).eval()
    if not _answers(network, about, num_outputs, device):
        raise MissingInput(f"{path}: what its network answers are no numbers", fix=bring_back)
    return Model(network, about)


def read_model(
    folder: Path, *, make: str = "dvc repro train", bring_back: str = ""
) -> tuple[dict[str, Any], bytes]:
    """Read model.json, and the model.safetensors that it describes.

    `make` and `bring_back` are the fixes for a missing and for a changed file.

    Raises:
        MissingInput: as for `load_model`.
    """
    about = read_description(folder, make=make, bring_back=bring_back)
    bring_back = bring_back or way_back(folder)
    weights = folder / "model.safetensors"
    try:
        if weights.exists() and not weights.is_file():  # reading a pipe would never end
            raise MissingInput(f"{weights} is no regular file", fix=bring_back)
        content = weights.read_bytes()
    except FileNotFoundError:
        raise MissingInput(f"{weights} does not exist", fix=make) from None
    if hashlib.sha256(content).hexdigest() != about["weights_sha256"]:
        raise MissingInput(
            f"{weights} is not the file that {folder}/model.json describes", fix=bring_back
        )
    return about, content


def read_tensors(content: bytes, path: Path, bring_back: str) -> dict[str, Tensor]:
    """Parse the content of a safetensors file; all numbers must be finite.

    Raises:
        MissingInput: it is not such a file; `bring_back` is the fix.
    """
    try:
        tensors: dict[str, Tensor] = load(content)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        what = f"{path} is no whole safetensors file: {error}"
        raise MissingInput(what, fix=bring_back) from None
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor.float()).all()):
            raise MissingInput(f"{path}: {name} has values that are no numbers", fix=bring_back)
    return tensors


def _problem_in(about: Mapping[str, Any]) -> str | None:
    """Why an untrusted description is not one of a model; None if it is."""
    for key in ("model", "modality", "target_kind"):
        if not isinstance(about[key], str):
            return f"{key} should be a text, found {about[key]!r:.60}"
    for key in ("preparation", "target"):
        if not isinstance(about[key], Mapping):
            return f"{key} should be an object, found {about[key]!r:.60}"
    if not isinstance(about.get("recipe") or {}, Mapping):
        return "recipe should be an object"
    try:
        encode, labels = open_encode(about["modality"]), open_labels(about["target_kind"])
    except GroundworkError as error:  # no such name
        return error.what
    return encode.problem_in(about["preparation"]) or labels.problem_in(about["target"])


def _fit(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> bool:
    """Whether tensors have the names, shapes and types of those of a network."""

    def kinds(named: Mapping[str, Tensor]) -> dict[str, Any]:
        return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in named.items()}

    return kinds(tensors) == kinds(expected)


def _answers(
    network: nn.Module, about: Mapping[str, Any], num_outputs: int, device: Device
) -> bool:
    """Whether a network answers an example of zeros with `num_outputs` finite numbers."""
    columns = open_encode(about["modality"]).columns(about["preparation"])
    outputs = predict(network, {column.name: column.zeros(1) for column in columns}, device)
    return outputs.shape[0] == 1 and bool(np.isfinite(outputs).all())
