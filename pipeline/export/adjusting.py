"""A network adjusted to traffic: a small file in git, which `groundwork adjust` writes.

models/adjustments/<name>.safetensors has buffers of the network by their names, and SHIFT, what is
added to its outputs. It belongs to the weights that it was made for: after another training it is
refused.
"""

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from pipeline.dataset.places import ADJUSTMENTS
from pipeline.learning.model_file import read_tensors
from pipeline.runtime.errors import SettingsError

NONE = "none"
SHIFT = "output_shift"
WEIGHTS = "weights_sha256"


def adjustment_file(name: str) -> Path:
    return ADJUSTMENTS / f"{name}.safetensors"


def write_adjustment(
    name: str, buffers: dict[str, Tensor], shift: Tensor | None, weights_sha256: str
) -> Path:
    """Write one: buffers by name, and what is added to outputs, `(K,)`; the path."""
    tensors = {key: value.detach().contiguous().clone() for key, value in buffers.items()}
    if shift is not None:
        tensors[SHIFT] = shift.contiguous()
    path = adjustment_file(name)
    path.write_bytes(save(tensors, {WEIGHTS: weights_sha256}))
    return path


def adjust(network: nn.Module, name: str, weights_sha256: str) -> Tensor | None:
    """Adjust a network in place; returns what is to be added to its outputs, if anything.

    Raises:
        SettingsError: there is no such adjustment, or it is of other weights.
        MissingInput: the file is damaged.
    """
    if name == NONE:
        return None
    path = adjustment_file(name)
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in ADJUSTMENTS.glob("*.safetensors")))
        raise SettingsError(
            f"export.adjustment is {name}, but {path} does not exist; there are: {known or NONE}",
            fix="set export.adjustment: none",
        )
    tensors = read_tensors(path.read_bytes(), path, f"git checkout {path}")
    with safe_open(path, "pt") as file:
        made_for = (file.metadata() or {}).get(WEIGHTS)
    if made_for != weights_sha256:
        raise SettingsError(
            f"{path} was made for other weights than models/ has",
            fix="set export.adjustment: none, and groundwork adjust again",
        )
    shift = tensors.pop(SHIFT, None)
    known_buffers = dict(network.named_buffers())
    for key, value in tensors.items():
        if key not in known_buffers or known_buffers[key].shape != value.shape:
            raise SettingsError(
                f"{path} has {key}, which the network has not",
                fix="set export.adjustment: none, and groundwork adjust again",
            )
        with torch.no_grad():
            known_buffers[key].copy_(value)
    return shift
