"""A toy problem that any network can learn in moments."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from pipeline.learning.batches import Epochs, Examples, make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.loop import Fit, fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.modalities.images.modules.image_network import ImageNetwork
from pipeline.targets.classes.loss import interface as loss
from pipeline.targets.classes.loss.settings import TrainFields

CPU = Device("cpu", bf16=False)


@dataclass(frozen=True)
class Toy:
    """Grey 4 x 4 images, dark or bright on the left or on the right: 4 classes, separable."""

    device: Device = CPU
    num_classes: int = 4

    def examples(self, num: int, seed: int = 0) -> Examples:
        random = np.random.default_rng(seed)
        labels = random.integers(0, self.num_classes, num)
        images = random.integers(96, 160, (num, 4, 4, 1))
        for label in range(self.num_classes):
            half = slice(0, 2) if label % 2 else slice(2, 4)
            images[labels == label, :, half] += 90 if label // 2 else -90
        return make_examples({"x": images.astype(np.uint8)}, labels, np.ones(num))

    def network(self, seed: int = 0) -> nn.Sequential:
        """Batch norm has a state of its own, and dropout draws in every step."""
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(6 * 16, self.num_classes),
        )

    def sees(self, network: nn.Module, **settings: object) -> ImageNetwork:
        """`network` with what normalises images before it; `settings` are those of batches."""
        if isinstance(network, ImageNetwork):
            return network
        preparation = {"shape": (4, 4, 1), "mean": [128.0], "std": [50.0]}
        seeing = ImageNetwork(network, preparation, **settings)
        seeing.to(self.device.kind)
        return seeing

    def fit(
        self,
        network: nn.Module,
        recipe: Recipe,
        epochs: Epochs,
        validation: Examples | None = None,
        *,
        label_smoothing: float = 0.1,
        seeing: dict | None = None,
        **told: object,
    ) -> Fit:
        """`fit` of a network that takes normalised images, which is trained in place.

        `seeing` are settings of batches, `told` further arguments of `fit`.
        """
        settings = TrainFields(label_smoothing=label_smoothing)
        sees = self.sees(network, **(seeing or {}))
        told = {"settings": settings, **told}
        return fit(sees, recipe, epochs, validation, loss, self.device, **told)

    def predict(self, network: nn.Module, inputs: dict, **settings: object) -> np.ndarray:
        """Logits of a network that takes normalised images."""
        return predict(self.sees(network, **settings), inputs, self.device)

    def recipe(self, **changes: object) -> Recipe:
        values: dict = {
            "optimizer": "adam",
            "lr": 0.01,
            "batch_size": 8,
            "epochs": 3,
            "schedule": "cosine",
            "weight_decay": 0.01,
            "patience": 100,
            "seed": 3,
        }
        return Recipe(**values | changes)
