"""A trained model on disk: weights as safetensors, everything else as JSON, no pickle.

models/model.json names the network, how its inputs are prepared, what labels may be, and the digest
of the weights that it belongs to.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import nn

from pipeline.learning.device import Device
from pipeline.modalities.opening import open_network
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.stage import write_json
from pipeline.targets.opening import open_labels

NEEDED = ("model", "modality", "preparation", "target", "target_kind")
"""What model.json says of what goes in and what comes out."""


@dataclass(frozen=True)
class Model:
    """A trained network with the description of its input and output."""

    network: nn.Module
    about: dict[str, Any]
    """All of model.json: `modality` and `preparation` say what goes in, `target_kind` and `target`
    what comes out."""


def save_model(network: nn.Module, weights: Path, description: Path, about: dict[str, Any]) -> None:
    """Write the weights, then the description, which ends with their digest."""
    tensors = {
        name: tensor.contiguous().cpu().clone() for name, tensor in network.state_dict().items()
    }
    content = save(tensors)
    weights.write_bytes(content)
    write_json(description, about | {"weights_sha256": hashlib.sha256(content).hexdigest()})


def load_model(folder: Path, device: Device) -> Model:
    """Load the model from a folder with model.safetensors and model.json.

    Raises:
        MissingInput: it is not there, or of an older version, or the weights are not those that the
            JSON describes.
    """
    about, content = read_model(folder)
    if missing := [key for key in NEEDED if key not in about]:
        raise MissingInput(
            f"{folder}/model.json has no {', '.join(missing)}: it is of an older version",
            fix="dvc repro train",
        )
    num_outputs = open_labels(about["target_kind"]).num_outputs(about["target"])
    network = open_network(about["modality"]).build(
        about["model"], about["preparation"], num_outputs, about.get("recipe")
    )
    try:
        network.load_state_dict(load(content))
    except RuntimeError:
        raise MissingInput(
            f"{folder}/model.safetensors is of an older version of {about['model']}, "
            "which has other weights",
            fix="dvc repro train",
        ) from None
    network.to(device.kind).eval()
    return Model(network, about)


def read_model(
    folder: Path,
    *,
    make: str = "dvc repro train",
    bring_back: str = "dvc checkout --force train",
) -> tuple[dict[str, Any], bytes]:
    """The content of model.json, and of the model.safetensors that it describes.

    `make` and `bring_back` are the fixes for a missing and for a changed file.

    Raises:
        MissingInput: as for `load_model`.
    """
    weights, description = folder / "model.safetensors", folder / "model.json"
    try:
        about = json.loads(description.read_text(encoding="utf-8"))
        content = weights.read_bytes()
    except FileNotFoundError as error:
        raise MissingInput(f"{error.filename} does not exist", fix=make) from None
    except ValueError:
        raise MissingInput(
            f"{description} is no JSON", fix=f"bring it back: {bring_back}"
        ) from None
    if not isinstance(about, dict) or "weights_sha256" not in about:
        raise MissingInput(
            f"{description} does not describe a model", fix=f"bring it back: {bring_back}"
        )
    if hashlib.sha256(content).hexdigest() != about["weights_sha256"]:
        raise MissingInput(
            f"{weights} is not the file that {description} describes",
            fix=f"bring both back: {bring_back}",
        )
    return about, content
