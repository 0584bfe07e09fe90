"""Reads weights: of a model of this pipeline, a file of tensors, or a publisher.

Untrusted pickles are never read: they run code when they are opened.
"""

import hashlib
from pathlib import Path

from pipeline.learning.model_file import read_model, read_tensors
from pipeline.modalities.opening import open_network
from pipeline.modalities.protocols.network import Weights
from pipeline.runtime.errors import MissingInput, SettingsError

NEEDED = ("model", "modality", "preparation", "target", "dataset", "license")
CONVERT = "bring it back, or convert it anew"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")


def read_weights(weights: str, model: str, modality: str) -> Weights:
    """Read the weights that `train.weights` names, for a network of the name `model`.

    Raises:
        SettingsError: they are for another network, or a pickle.
        MissingInput: the files are not there or damaged.
    """
    networks = open_network(modality)
    if weights in networks.PUBLISHERS:
        return networks.published(model, weights)
    path = Path(weights)
    foreign = getattr(networks, "foreign", None)
    if foreign is not None and path.is_dir() and not (path / "model.json").exists():
        read: Weights = foreign(model, path)
        return read
    return _read(Path(weights), model, modality)


def _read(path: Path, model: str, modality: str) -> Weights:
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
        return Weights(read_tensors(content, path, CONVERT), about)
    bring_back = f"groundwork repair --cache && dvc pull --force {path}.dvc"
    model_json, content = read_model(path, make=fetch, bring_back=bring_back)
    missing = [key for key in NEEDED if key not in model_json]
    if missing:
        raise MissingInput(
            f"{path}/model.json has no {', '.join(missing)}",
            fix="copy model.json as the train stage wrote it",
        )
    if model_json["modality"] != modality:
        raise SettingsError(
            f"{path} is of {model_json['modality']}, params.yaml: modality is {modality}",
            fix=f"take weights that were learnt on {modality}, or train.weights: none",
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
    tensors = read_tensors(content, path / "model.safetensors", CONVERT)
    return Weights(tensors, about, model_json["preparation"], model_json["target"])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
