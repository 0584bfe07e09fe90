"""The names of modalities/protocols/label_check.py, for images.

Inputs of the network are the pixels that are compared, in the column `x`.
"""

from typing import Any

from torch import nn

from pipeline.dataset.arrays import Keys, Rows
from pipeline.dataset.shards.column import INPUT
from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.content.measurements import ChannelSums
from pipeline.modalities.images.encode.transforms.augment import augment
from pipeline.modalities.images.label_check.label_network import LabelNetwork, recipe
from pipeline.modalities.images.modules.image_network import ImageNetwork, gains_by_bf16
from pipeline.modalities.protocols.encode import Inputs, Preparation

__all__ = ["build", "fit", "gains_by_bf16", "inputs", "num_views", "recipe", "vary"]

VIEWS = 6  # versions of an image that a network predicts: the original and augmented ones


def fit(loaded: Images, rows: Rows) -> Preparation:
    """Shape, and mean and standard deviation of each channel."""
    mean, std = ChannelSums.of(loaded[rows]).mean_std()
    return {"shape": list(loaded.shape[1:]), "mean": mean, "std": std}


def inputs(loaded: Images, rows: Rows, preparation: Preparation) -> Inputs:
    return {INPUT: loaded[rows]}


def vary(inputs: Inputs, keys: Keys, copy: int, settings: Any, seed: int) -> Inputs:
    """Augment by `settings.transforms`; see `augment`."""
    images = augment(inputs[INPUT], keys, copy, transforms=settings.transforms, seed=seed)
    return {INPUT: images}


def num_views(settings: Any) -> int:
    return VIEWS if settings.transforms else 1


def build(preparation: Preparation, outputs: int) -> nn.Module:
    height, width, channels = preparation["shape"]
    return ImageNetwork(LabelNetwork(height, width, channels, outputs), preparation)
