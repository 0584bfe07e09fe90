"""An encoder in a folder as Hugging Face lays it out: config.json and model.safetensors."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from pipeline.modalities.protocols.network import Weights
from pipeline.modalities.text.encode.pieces import PIECES, read_tokenizer
from pipeline.modalities.text.modules.encoder import TRANSFORMER
from pipeline.runtime.errors import MissingInput, SettingsError

KIND = "bert"
NAMES = {
    "width": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "inner": "intermediate_size",
    "positions": "max_position_embeddings",
    "vocabulary": "vocab_size",
    "epsilon": "layer_norm_eps",
    "activation": "hidden_act",
}
POSITIONS, KINDS = (f"embeddings.{name}_embeddings.weight" for name in ("position", "token_type"))
RENAMED = (
    (r"^(bert|model)\.", ""),
    (r"LayerNorm\.gamma$", "LayerNorm.weight"),
    (r"LayerNorm\.beta$", "LayerNorm.bias"),
    (r"^embeddings\.word_embeddings", "embeddings.pieces"),
    (r"^embeddings\.LayerNorm", "embeddings.norm"),
    (r"^encoder\.layer\.", "layers."),
    (r"attention\.self\.", ""),
    (r"attention\.output\.dense", "mixed"),
    (r"attention\.output\.LayerNorm", "norm"),
    (r"intermediate\.dense", "wide"),
    (r"output\.dense", "narrow"),
    (r"output\.LayerNorm", "last_norm"),
)
OURS = re.compile(r"^(embeddings\.(pieces|norm)|layers\.\d+\.\w+)\.(weight|bias)$")


def read_folder(folder: Path) -> Weights:
    """Its tensors by the names that `Encoder` has for them; what else is there is left.

    Raises:
        MissingInput: a file is missing or damaged.
        SettingsError: it is of another family than BERT.
    """
    said = _config(folder)
    path = folder / "model.safetensors"
    if not path.is_file():
        raise MissingInput(
            f"{path} does not exist; params.yaml: train.weights names its folder",
            fix=f"put it there, or dvc pull {folder}.dvc",
        )
    content = path.read_bytes()
    try:
        tensors = renamed(load(content))
    except (SafetensorError, KeyError) as error:
        raise MissingInput(
            f"{path} has not the tensors of a BERT: {error}", fix="copy it as it was published"
        ) from None
    about = {
        "weights": str(folder),
        "sha256": hashlib.sha256(content).hexdigest(),
        "dataset": None,
        "license": None,
    }
    tokenizer = {"tokenizer": read_tokenizer(folder)}
    return Weights(tensors, about, {TRANSFORMER: said, PIECES: tokenizer})


def renamed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as BERT calls them, as `Encoder` calls them."""
    found = {}
    for name, tensor in tensors.items():
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        found[name] = tensor.float()
    places = found[POSITIONS] + found[KINDS][0]
    kept = {name: tensor for name, tensor in found.items() if OURS.match(name)}
    return {**kept, "embeddings.places.weight": places}


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
        kind = config.get("model_type", KIND)
        said = {ours: config[theirs] for ours, theirs in NAMES.items()}
    except FileNotFoundError:
        raise MissingInput(
            f"{folder} has neither model.json nor config.json; params.yaml: train.weights names it",
            fix=f"put the encoder there as it was published, or dvc pull {folder}.dvc",
        ) from None
    except (ValueError, KeyError, AttributeError) as error:
        raise MissingInput(
            f"{path} describes no BERT: {error!r}", fix="copy it as it was published"
        ) from None
    if kind != KIND or config.get("position_embedding_type", "absolute") != "absolute":
        raise SettingsError(
            f"{path} is of the family {kind!r:.40}, expected {KIND} with absolute positions",
            fix="take an encoder of that family: all-MiniLM-L6-v2, bge-small, multilingual BERT, …",
        )
    return said
