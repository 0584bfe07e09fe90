"""What tests of transfer share: a model in the folder pets, and networks that start from it."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from pipeline.learning.model_file import save_model
from pipeline.modalities.images.network.interface import build
from pipeline.runtime.errors import GroundworkError
from pipeline.train.transfer import Start, find_start, take_over

SHAPE, CLASSES = (8, 6, 3), ["cat", "dog"]
MEAN, STD = [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]  # of the data at hand
OURS = {"mean": [120.5, 100.0, 1 / 3], "std": [60.0, 50.0, 40.0]}  # of the model in pets


def save_pets(
    name: str = "resnet",
    shape=SHAPE,
    classes: list[str] | None = None,
    scaling: dict | None = None,
    **changes,
) -> torch.nn.Module:
    """A trained model in the folder pets; returns the network inside."""
    torch.manual_seed(7)
    ours = {name: values[: shape[2]] for name, values in OURS.items()}
    about = {
        "dataset": "pets",
        "license": "CC0-1.0",
        "model": name,
        "modality": "images",
        "preparation": {"shape": list(shape), **(scaling or ours)},
        "target_kind": "classes",
        "target": {"classes": classes or ["cow", "hen", "pig"]},
    } | changes
    network = build(name, about["preparation"], len(about["target"]["classes"]), None)
    images = torch.randint(0, 256, (4, *shape), dtype=torch.uint8)
    network({"x": images})  # batch norm has seen something
    Path("pets").mkdir(exist_ok=True)
    save_model(network, Path("pets/model.safetensors"), Path("pets/model.json"), about)
    return network.network


@dataclass
class Begun:
    start: Start
    message: str

    @property
    def scaling(self) -> tuple[list[float], list[float]]:
        return self.start.preparation["mean"], self.start.preparation["std"]


def start(
    weights: str, model: str = "resnet", shape=SHAPE, classes=CLASSES, seed: int = 0
) -> tuple[torch.nn.Module, Begun]:
    """The network inside, and how its training starts."""
    ours = {"shape": shape, "mean": MEAN[: shape[2]], "std": STD[: shape[2]]}
    start = find_start(weights, model=model, modality="images", preparation=ours)
    torch.manual_seed(seed)
    network = build(model, start.preparation, len(classes), None)
    target = {"classes": classes}
    message = take_over(
        network, start, weights, model=model, target=target, num_outputs=len(classes)
    )
    return network.network, Begun(start, message)


def refusal(kind: type[GroundworkError], *args, **kwargs) -> str:
    with pytest.raises(kind) as caught:
        start(*args, **kwargs)
    return str(caught.value)
