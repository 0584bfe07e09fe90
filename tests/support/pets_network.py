"""What tests of transfer share: a model in the folder pets, and networks that start from it."""

from pathlib import Path

import pytest
import torch

from pipeline.learning.model_file import save_model
from pipeline.modalities.images.network.networks import build_network
from pipeline.runtime.errors import GroundworkError
from pipeline.train.transfer import start_training

SHAPE, CLASSES = (8, 6, 3), ["cat", "dog"]
MEAN, STD = [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]  # of the data at hand
OURS = {"mean": [120.5, 100.0, 1 / 3], "std": [60.0, 50.0, 40.0]}  # of the model in pets


def save_pets(name: str = "resnet", shape=SHAPE, **changes) -> torch.nn.Module:
    """A trained model in the folder pets."""
    torch.manual_seed(7)
    about = {
        "dataset": "pets",
        "license": "CC0-1.0",
        "model": name,
        "shape": list(shape),
        "classes": ["cow", "hen", "pig"],
        **OURS,
    } | changes
    network = build_network(name, shape, len(about["classes"]))
    network(torch.randn(4, shape[2], *shape[:2]))  # batch norm has seen something
    Path("pets").mkdir(exist_ok=True)
    save_model(network, Path("pets/model.safetensors"), Path("pets/model.json"), about)
    return network


def start(weights: str, model: str = "resnet", shape=SHAPE, classes=CLASSES, seed: int = 0):
    torch.manual_seed(seed)
    network = build_network(model, shape, len(classes))
    mean, std = MEAN[: shape[2]], STD[: shape[2]]
    begun = start_training(
        network, weights, model=model, shape=shape, classes=classes, mean=mean, std=std
    )
    return network, begun


def refusal(kind: type[GroundworkError], *args, **kwargs) -> str:
    with pytest.raises(kind) as caught:
        start(*args, **kwargs)
    return str(caught.value)
